-- A part of explain.sql: the person's event that begins next; null if none lies ahead. Its name is
-- left out, because texts show it.
select jsonb_build_object(
         'events', count(*) over (), 'event_id', e.event_id::text,
         'starts_at', to_char(timezone('UTC', e.starts_at), 'YYYY-MM-DD HH24:MI "UTC"'),
         'minutes_left', ceil(extract(epoch from e.starts_at - %(at)s::timestamptz) / 60)::bigint)
from rekindle_source.event e
where e.user_id = person.user_id and e.starts_at > %(at)s::timestamptz and isfinite(e.starts_at)
order by e.starts_at, e.event_id::text
limit 1
