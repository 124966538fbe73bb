-- In: notification_seconds; limit; after (null: from the oldest), what the batch before returned.
-- Out: deleted, the number of rows per table; after, where the next batch begins (null: nothing is
-- left). One batch of notifications, the oldest first, leaves with its deliveries and its
-- outcome (by the foreign key). What must stay spent is kept in rekindle.spent.
-- Locks: the notifications, skipping locked ones.
with old as materialized (
  select n.id, n.dispatched_at
  from rekindle.scenario_notification n
  where n.dispatched_at >= coalesce((%(after)s::jsonb ->> 'at')::timestamptz, '-infinity')
    and {prunable/notification}
  order by n.dispatched_at
  limit %(limit)s
  for update of n skip locked
),
delivery as (
  select count(*) as rows from old join rekindle.delivery d on d.claim_id = old.id
),
came_back as (
  select count(*) as rows from old join rekindle.came_back c on c.claim_id = old.id
),
gone as (
  delete from rekindle.scenario_notification n using old
  where n.id = old.id
  returning n.user_id, n.scenario_type, n.occurrence,
            coalesce(n.cooldown_window_start, n.dispatched_at) as evaluated_at,
            n.dispatched_at as at
),
{keep_spent}
select jsonb_build_object('scenario_notification', count(*), 'delivery', (select rows from delivery),
                          'came_back', (select rows from came_back),
                          'spent', (select count(*) from forgotten)) as deleted,
       case when count(*) = %(limit)s then jsonb_build_object('at', max(gone.at)) end as after
from gone
