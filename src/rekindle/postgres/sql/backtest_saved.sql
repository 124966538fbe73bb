-- In: backtest_id.
-- Out: the row of this saved backtest, with its numbers; none if there is none.
-- Locks: none.
select b.backtest_id, b.saved_at, b.saved_by, b.since, b.until, b.scenario_types,
       array(select side from jsonb_object_keys(b.result) as side order by side) as configurations, b.result
from rekindle.backtest b
where b.backtest_id = %(backtest_id)s
