-- In: nothing.
-- Out: login, superuser, bypasses (row level security does not apply to it), owner (it owns the
-- ledger): rights of this login that a run does not need.
select r.rolname::text as login, r.rolsuper as superuser, r.rolbypassrls and not r.rolsuper as bypasses,
       n.nspowner = r.oid and not r.rolsuper as owner
from pg_catalog.pg_roles r
join pg_catalog.pg_namespace n on n.nspname = 'rekindle'
where r.rolname = session_user
