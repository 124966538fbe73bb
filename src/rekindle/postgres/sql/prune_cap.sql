-- In: limit; after (null: from the first), what the batch before returned.
-- Out: deleted; after, where the next batch begins (null: it was the last one). Looks at `limit`
-- rows in key order, and deletes those in which no cap can count a claim any more.
-- Locks: those rows, skipping locked ones.
with page as materialized (
  select k.user_id
  from rekindle.cap k
  where k.user_id > coalesce((%(after)s::jsonb ->> 'user_id')::uuid, '00000000-0000-0000-0000-000000000000')
  order by k.user_id
  limit %(limit)s
),
old as materialized (
  select useless.user_id
  from page
  cross join lateral (   -- each by its key
    select k.user_id from rekindle.cap k
    where k.user_id = page.user_id
      and {prunable/cap}  -- mutant: still-counted
    for update of k skip locked   -- mutant: lock
  ) useless
),
gone as (
  delete from rekindle.cap k using old where k.user_id = old.user_id returning 1
)
select jsonb_build_object('cap', (select count(*) from gone)) as deleted,
       (select jsonb_build_object('user_id', page.user_id)
        from page order by page.user_id offset %(limit)s - 1) as after
