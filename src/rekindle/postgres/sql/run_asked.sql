-- In: request_key. Out: the run that was asked for under this key, with the digest of what was
-- asked; no row if none was.
select run_id, request_sha256 from rekindle.run where request_key = %(request_key)s
