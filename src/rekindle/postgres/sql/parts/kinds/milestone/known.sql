-- A part of explain.sql: how many activities the person has, due or not.
select jsonb_build_object('activities', count(*)) from rekindle_source.activity a where a.user_id = person.user_id
