-- In: name, actor (null: the login of this session).
-- Out: one row: `revoked`, whether the key was revoked now, and `known`, whether there ever was one
-- of that name.
-- Locks: the row of the key.
with revoked as (
  update rekindle.api_key set revoked_at = rekindle.clock(), revoked_by = rekindle.signature(%(actor)s)
  where name = %(name)s and revoked_at is null
  returning name
)
select exists (select from revoked) as revoked, exists (select from rekindle.api_key where name = %(name)s) as known
