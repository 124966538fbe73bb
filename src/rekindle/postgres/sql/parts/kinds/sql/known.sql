-- A part of explain.sql: how many rows the team's own query returned for the person, recipient or
-- not.
select jsonb_build_object('rows', count(*))
from pg_temp.rekindle_candidate returned where returned.user_id = person.user_id
