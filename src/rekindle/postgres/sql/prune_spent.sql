-- In: spent_seconds (null: for ever); lasting_kinds, those whose occasions do not pass; limit.
-- Out: deleted; after (null: nothing is left). One batch of occurrences that need not stay spent
-- any longer.
-- Locks: those rows, skipping locked ones.
with old as materialized (
  select s.user_id, s.scenario_type, s.occurrence
  from rekindle.spent s
  where {prunable/spent}
  order by s.scenario_type, s.at
  limit %(limit)s
  for update of s skip locked
),
gone as (
  delete from rekindle.spent s using old
  where s.user_id = old.user_id and s.scenario_type = old.scenario_type and s.occurrence = old.occurrence
  returning 1
)
select jsonb_build_object('spent', count(*)) as deleted,
       case when count(*) = %(limit)s then jsonb_build_object() end as after
from gone
