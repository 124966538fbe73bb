-- In: at.
-- Out: one row. Until the transaction ends, or until the next call, this is the moment that
-- rekindle.at() returns.
select pg_catalog.set_config('rekindle.at', %(at)s::timestamptz::text, true)
