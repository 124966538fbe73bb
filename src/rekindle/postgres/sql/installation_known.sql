-- In: name, of the installation that this process belongs to (null: it has none).
-- Out: one row: this installation (system_identifier, timeline, database_oid), the one that the
-- latest run wrote to (latest_*, null if there was no run), `told`, whether this server tells which
-- one it is, `known`, whether runs may write here, `copied`, whether this is another database of
-- the same server, and `renamed`, whether the names differ.
-- Runs may write here if this database has everything that the latest run committed, and is that
-- run's installation. That is so if it is the same database of the same server, or if a standby of
-- the same cluster had each commit; and if the names agree, or the latest run had none. What a
-- server does not tell is not compared.
-- Locks: none.
select here.system_identifier, here.timeline, here.database_oid,
       latest.system_identifier as latest_system_identifier, latest.timeline as latest_timeline,
       latest.database_oid as latest_database_oid, latest.seen_at,
       here.system_identifier <> '' or here.timeline <> 0 as told,
       latest.timeline is null or (
         ('' in (here.system_identifier, latest.system_identifier)
           or here.system_identifier = latest.system_identifier)
         and (0 in (here.timeline, latest.timeline) or here.timeline = latest.timeline or latest.synchronous)
         and here.database_oid = latest.database_oid  -- mutant: another-database
         and (latest.name is null or latest.name = %(name)s) is true  -- mutant: another-name
       ) as known,
       coalesce(here.system_identifier in ('', latest.system_identifier)
                and here.database_oid <> latest.database_oid, false) as copied,
       latest.name is not null and latest.name is distinct from %(name)s as renamed
from rekindle.this_installation() as here
left join (
  select * from rekindle.installation order by seen_at desc, timeline desc, database_oid desc limit 1
) latest on true
