-- In: run_seconds, api_key_seconds, outcome_seconds.
-- Out: deleted, the number of rows per table; after, null. The small tables: workers,
-- installations, keys, test pushes and saved backtests.
-- Locks: those rows.
with worker as (
  delete from rekindle.worker w where {prunable/worker} returning 1
),
installation as (
  delete from rekindle.installation v where {prunable/installation} returning 1
),
api_key as (
  delete from rekindle.api_key y where {prunable/api_key} returning 1
),
test_send as (
  delete from rekindle.test_send t where {prunable/test_send} returning 1
),
backtest as (
  delete from rekindle.backtest b where {prunable/backtest} returning 1
)
select jsonb_build_object('worker', (select count(*) from worker), 'installation', (select count(*) from installation),
                          'api_key', (select count(*) from api_key),
                          'test_send', (select count(*) from test_send),
                          'backtest', (select count(*) from backtest)) as deleted,
       null::jsonb as after
