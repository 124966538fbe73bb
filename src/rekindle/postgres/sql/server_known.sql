-- In: nothing.
-- Out: one row: this server (system_identifier, timeline), the one that the latest run wrote to
-- (latest_*, null if there was no run), `told`, whether this server tells which one it is, and
-- `known`, whether it has everything that the latest run committed. That is so if it is the same
-- server, or if a standby of the same cluster had each commit. What a server does not tell is not
-- compared.
-- Locks: none.
select here.system_identifier, here.timeline,
       latest.system_identifier as latest_system_identifier, latest.timeline as latest_timeline, latest.seen_at,
       here.system_identifier <> '' or here.timeline <> 0 as told,
       latest.timeline is null or (
         ('' in (here.system_identifier, latest.system_identifier)
           or here.system_identifier = latest.system_identifier)
         and (0 in (here.timeline, latest.timeline) or here.timeline = latest.timeline or latest.synchronous)
       ) as known
from rekindle.this_server() as here
left join (select * from rekindle.server order by seen_at desc, timeline desc limit 1) latest on true
