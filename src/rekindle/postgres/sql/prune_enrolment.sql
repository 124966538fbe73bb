-- In: enrolment_seconds; limit; after (null or {}): every batch begins with what is left.
-- Out: deleted; after, {} if there may be more (null: nothing is left). One batch of the people of
-- trials that are over. The trials themselves stay.
-- Locks: those rows.
with old as materialized (
  select e.trial_id, e.user_id
  from rekindle.trial t
  join rekindle.enrolment e on e.trial_id = t.trial_id
  where {prunable/enrolment}
    and coalesce(%(after)s::jsonb, '{}') = '{}'
  order by e.trial_id, e.user_id
  limit %(limit)s
),
gone as (
  delete from rekindle.enrolment e using old
  where e.trial_id = old.trial_id and e.user_id = old.user_id
  returning 1
)
select jsonb_build_object('enrolment', count(*)) as deleted,
       case when count(*) = %(limit)s then '{}'::jsonb end as after
from gone
