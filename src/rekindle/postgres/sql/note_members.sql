-- In: nothing.
-- Out: role, for each role of a REST API that may act as rekindle_worker. PostgREST logs in as
-- authenticator and takes the role that the caller's token names.
select r.rolname::text as role
from pg_catalog.pg_roles r
where r.rolname in ('authenticator', 'anon', 'authenticated')
  and exists (select from pg_catalog.pg_roles worker where worker.rolname = 'rekindle_worker')
  and pg_has_role(r.oid, 'rekindle_worker', 'member')
order by r.rolname
