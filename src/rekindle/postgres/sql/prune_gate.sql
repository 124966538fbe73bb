-- In: gate_seconds; limit; after (null: from the first), what the batch before returned.
-- Out: deleted; after, where the next batch begins (null: it was the last one). Looks at `limit`
-- gates in key order, and deletes those that have long been open. An index on next_at would make
-- every update of a gate dearer. The condition is checked again with the locked version, so a gate
-- that a claim has won meanwhile stays.
-- Locks: those gates, skipping locked ones.
with page as materialized (
  select g.user_id, g.scenario_type
  from rekindle.gate g
  where (g.user_id, g.scenario_type)
      > (coalesce((%(after)s::jsonb ->> 'user_id')::uuid, '00000000-0000-0000-0000-000000000000'),
         coalesce(%(after)s::jsonb ->> 'scenario_type', ''))
  order by g.user_id, g.scenario_type
  limit %(limit)s
),
old as materialized (
  select open.user_id, open.scenario_type
  from page
  cross join lateral (   -- each by its key
    select g.user_id, g.scenario_type from rekindle.gate g
    where g.user_id = page.user_id and g.scenario_type = page.scenario_type
      and {prunable/gate}
    for update of g skip locked   -- mutant: lock
  ) open
),
gone as (
  delete from rekindle.gate g using old
  where g.user_id = old.user_id and g.scenario_type = old.scenario_type
  returning 1
)
select jsonb_build_object('gate', (select count(*) from gone)) as deleted,
       (select jsonb_build_object('user_id', page.user_id, 'scenario_type', page.scenario_type)
        from page order by page.user_id, page.scenario_type offset %(limit)s - 1) as after
