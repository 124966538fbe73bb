-- In: confirmed, whether an operator has confirmed this server, and actor, the operator (null: the
-- login of this session).
-- Out: (system_identifier, timeline) of this server, which is now the latest one.
-- Locks: its row of rekindle.server.
insert into rekindle.server as s (system_identifier, timeline, synchronous, confirmed_at, confirmed_by)
select here.system_identifier, here.timeline, here.synchronous,
       case when %(confirmed)s then rekindle.clock() end, case when %(confirmed)s then rekindle.signature(%(actor)s) end
from rekindle.this_server() as here
on conflict (system_identifier, timeline) do update
set synchronous = excluded.synchronous,
    seen_at = greatest(rekindle.clock(), s.seen_at),
    confirmed_at = coalesce(excluded.confirmed_at, s.confirmed_at),
    confirmed_by = coalesce(excluded.confirmed_by, s.confirmed_by)
returning s.system_identifier, s.timeline
