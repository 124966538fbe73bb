-- A part of explain.sql: the number of activities of the person, due or not.
select jsonb_build_object('activities', count(*)) from rekindle_source.activity a where a.user_id = person.user_id
