-- In: run_seconds.
-- Out: deleted, the number of rows per table; after, null. The small tables: workers and servers.
-- Locks: those rows.
with worker as (
  delete from rekindle.worker w where {prunable/worker} returning 1
),
server as (
  delete from rekindle.server v where {prunable/server} returning 1
)
select jsonb_build_object('worker', (select count(*) from worker), 'server', (select count(*) from server)) as deleted,
       null::jsonb as after
