-- A part of verdicts.sql: the people that the team's query returned. The query ran before, alone
-- and read-only. Its rows were streamed into this temporary table (stage_create.sql). The join
-- drops people who are not active recipients, and rows without a person.
select recipient.*, null::text as absence, null::date as inactive_since_on, 0 as rank,
       coalesce(returned.occurrence, '') as occurrence, coalesce(returned.variables, '{}') as variables
from recipient
join pg_temp.rekindle_candidate returned on returned.user_id = recipient.user_id
