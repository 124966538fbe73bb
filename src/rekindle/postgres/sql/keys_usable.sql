-- In: nothing.
-- Out: usable, whether there is a key that is valid now.
-- Locks: none.
select exists (
  select from rekindle.api_key where revoked_at is null and (expires_at is null or expires_at > rekindle.clock())
) as usable
