-- The roles of a Supabase server, created once, as its superuser. `postgres` is not a superuser
-- there: it owns the database, creates roles and bypasses row level security. {password} is
-- replaced by the test server's password.
create role postgres login password '{password}' nosuperuser createdb createrole replication bypassrls;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login password '{password}' noinherit;
create role supabase_auth_admin nologin noinherit createrole;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
