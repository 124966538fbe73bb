-- In: run_id, budget_seconds, dispatcher, request_key and request_sha256 (null: the request had no
-- key).
-- Out: nothing; it writes one row with status running, or none if a run with this id or key exists.
-- If several callers use one key, exactly one of them writes the row.
insert into rekindle.run (run_id, budget_seconds, dispatcher, request_key, request_sha256)
values (%(run_id)s, %(budget_seconds)s, %(dispatcher)s, %(request_key)s, %(request_sha256)s)
on conflict do nothing
