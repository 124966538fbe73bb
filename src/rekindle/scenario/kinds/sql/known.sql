-- A part of explain.sql: the number of rows that the team's query returned for the person, even if
-- they are not a recipient.
select jsonb_build_object('rows', count(*))
from pg_temp.rekindle_candidate returned where returned.user_id = person.user_id
