-- A part of verdicts.sql: whom the team's own query returned. It was run on its own, read-only, and its rows were
-- streamed into this temporary table (stage_create.sql); a person who is not an active recipient drops out here.
select r.user_id, r.organisation_id, r.locale, r.own, r.zone, r.variant, null::date as inactive_since_on, 0 as rank, staged.occurrence,
       coalesce(staged.variables, '{}') as variables
from recipient r
join pg_temp.rekindle_candidate staged on staged.user_id = r.user_id
