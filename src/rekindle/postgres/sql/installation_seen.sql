-- In: name, of the installation that this process belongs to (null: it has none); adopted, whether
-- an operator adopts this one; and actor, the operator (null: the login of this session).
-- Out: (system_identifier, timeline, database_oid) of this installation, which is now the latest
-- one.
-- Locks: its row of rekindle.installation.
insert into rekindle.installation as s (
  system_identifier, timeline, database_oid, name, synchronous, adopted_at, adopted_by)
select here.system_identifier, here.timeline, here.database_oid, %(name)s, here.synchronous,
       case when %(adopted)s then rekindle.clock() end, case when %(adopted)s then rekindle.signature(%(actor)s) end
from rekindle.this_installation() as here
on conflict (system_identifier, timeline, database_oid) do update
set synchronous = excluded.synchronous,
    name = excluded.name,
    seen_at = greatest(rekindle.clock(), s.seen_at),
    adopted_at = coalesce(excluded.adopted_at, s.adopted_at),
    adopted_by = coalesce(excluded.adopted_by, s.adopted_by)
returning s.system_identifier, s.timeline, s.database_oid
