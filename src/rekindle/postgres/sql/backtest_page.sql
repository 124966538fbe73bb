-- In: after_at and after_id, the key of the last row of the page before (null: the first page);
-- limit.
-- Out: saved backtests, newest first, without their numbers. `configurations`: those that were
-- replayed.
-- Locks: none.
select b.backtest_id, b.saved_at, b.saved_by, b.since, b.until, b.scenario_types,
       array(select side from jsonb_object_keys(b.result) as side order by side) as configurations
from rekindle.backtest b
where %(after_at)s::timestamptz is null or (b.saved_at, b.backtest_id) < (%(after_at)s, %(after_id)s::uuid)
order by b.saved_at desc, b.backtest_id desc
limit %(limit)s
