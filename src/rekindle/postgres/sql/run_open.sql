-- In: run_id, budget_seconds, dispatcher, request_key and request_sha256 (null: nobody gave a key).
-- Out: one row written, status running; none if there is one of this id or this key. Of any number
-- of callers with one key, one writes it.
insert into rekindle.run (run_id, budget_seconds, dispatcher, request_key, request_sha256)
values (%(run_id)s, %(budget_seconds)s, %(dispatcher)s, %(request_key)s, %(request_sha256)s)
on conflict do nothing
