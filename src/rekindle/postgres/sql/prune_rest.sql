-- In: run_seconds, api_key_seconds, outcome_seconds.
-- Out: deleted, the number of rows per table; after, null. The small tables: workers,
-- installations, keys and test pushes.
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
)
select jsonb_build_object('worker', (select count(*) from worker), 'installation', (select count(*) from installation),
                          'api_key', (select count(*) from api_key),
                          'test_send', (select count(*) from test_send)) as deleted,
       null::jsonb as after
