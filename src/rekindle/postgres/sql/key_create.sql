-- In: digest (the SHA-256 of the key), name, scope, organisations (null: all), expires_seconds
-- (null: never), actor (null: the login of this session).
-- Out: the key, or no row if a key of that name was not revoked.
-- Locks: none.
-- Never: a key.
insert into rekindle.api_key (digest, name, scope, organisations, created_at, created_by, expires_at)
select %(digest)s, %(name)s, %(scope)s, %(organisations)s::uuid[], now.at, rekindle.signature(%(actor)s),
       now.at + make_interval(secs => %(expires_seconds)s)
from (select rekindle.clock() as at offset 0) now
on conflict (name) where revoked_at is null do nothing
returning name, scope, organisations, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by
