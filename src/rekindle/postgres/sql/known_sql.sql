-- A part of explain.sql: how many rows the team's own query returned for the person (c), a recipient or not.
select jsonb_build_object('rows', count(*)) from pg_temp.rekindle_candidate staged where staged.user_id = c.user_id
