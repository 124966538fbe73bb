-- In: request_key.
-- Out: the run that was requested with this key, and the digest of the request; no row if there is
-- no such run.
select run_id, request_sha256 from rekindle.run where request_key = %(request_key)s
