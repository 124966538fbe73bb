-- In: name (null: all), limit (null: all), after_name and after_created_at (null: from the first).
-- Out: the keys that were ever created, by name and then by age.
-- Locks: none.
-- Never: a digest.
select name, scope, organisations, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by
from rekindle.api_key
where (%(name)s::text is null or name = %(name)s::text)
  and (%(after_name)s::text is null
       or (name, created_at) > (%(after_name)s::text, %(after_created_at)s::timestamptz))
order by name, created_at
limit %(limit)s::bigint
