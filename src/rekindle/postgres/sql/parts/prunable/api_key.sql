-- A part of prune_rest.sql and prune_counts.sql: the key was revoked, or has expired, longer ago
-- than keys are kept. A key that counts has neither.
least(y.revoked_at, y.expires_at) < (select rekindle.clock() - make_interval(secs => %(api_key_seconds)s::float8))
