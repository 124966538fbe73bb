-- In: outcome_seconds; limit; after (null: from the oldest), what the batch before returned.
-- Out: deleted, the number of rows per table; after, where the next batch begins (null: nothing is
-- left). One batch of outcomes, the oldest first. What is unknown or was held out must stay spent,
-- and is kept in rekindle.spent.
-- Locks: the outcomes, skipping locked ones.
with old as materialized (
  select o.claim_id, o.device_id, o.at
  from rekindle.outcome o
  where o.at >= coalesce((%(after)s::jsonb ->> 'at')::timestamptz, '-infinity')
    and {prunable/outcome}
  order by o.at
  limit %(limit)s
  for update of o skip locked
),
ended as (
  delete from rekindle.outcome o using old
  where o.claim_id = old.claim_id and o.device_id = old.device_id
  returning o.user_id, o.scenario_type, o.occurrence, o.other_occurrences, o.cooldown_window_start as evaluated_at,
            o.at, o.outcome
),
gone as (
  select ended.user_id, ended.scenario_type, covered.occurrence, ended.evaluated_at, ended.at
  from ended
  cross join lateral unnest(array_prepend(ended.occurrence, ended.other_occurrences)) as covered (occurrence)  -- mutant: digest-stays-spent
  where ended.outcome in ('unknown', 'held_out')  -- mutant: unknown-stays-spent
),
{keep_spent}
select jsonb_build_object('outcome', count(*), 'spent', (select count(*) from forgotten)) as deleted,
       case when count(*) = %(limit)s then jsonb_build_object('at', max(ended.at)) end as after
from ended
