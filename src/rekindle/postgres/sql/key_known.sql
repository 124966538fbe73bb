-- In: digest of the key that a request shows, note_seconds.
-- Out: the key, if it is valid now; no row if it is unknown, has expired or was revoked. `unnoted`:
-- its last use is older than note_seconds, or was never noted.
-- Locks: none.
select name, scope, organisations,
       coalesce(last_used_at < rekindle.clock() - make_interval(secs => %(note_seconds)s), true) as unnoted
from rekindle.api_key
where digest = %(digest)s
  and revoked_at is null  -- mutant: revoked
  and (expires_at is null or expires_at > rekindle.clock())  -- mutant: expired
