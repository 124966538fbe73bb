-- A part of longest_of_kind.sql: the names and the ids of the events that lie ahead.
select own.name, own.value
from rekindle_source.event e
cross join lateral (values ('event', e.name::text), ('event_id', e.event_id::text)) as own (name, value)
where e.starts_at > rekindle.clock()
