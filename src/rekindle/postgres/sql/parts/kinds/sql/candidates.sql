-- A part of verdicts.sql: the people that the team's own query returned. The query ran before,
-- alone and read-only, and its rows were streamed into this temporary table (stage_create.sql). A
-- person who is not an active recipient drops out here.
select recipient.user_id, recipient.organisation_id, recipient.locale, recipient.extra_columns, recipient.zone,
       recipient.variant, null::date as inactive_since_on, 0 as rank, returned.occurrence,
       coalesce(returned.variables, '{}') as variables
from recipient
join pg_temp.rekindle_candidate returned on returned.user_id = recipient.user_id
