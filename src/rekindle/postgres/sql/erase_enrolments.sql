-- In: user_id.
-- Out: rows, the number of enrolments deleted. The numbers of a trial then lack the person.
-- Locks: the enrolments, in key order.
with held as materialized (
  select trial_id from rekindle.enrolment
  where user_id = %(user_id)s::uuid
  order by trial_id
  for update
),
gone as (
  delete from rekindle.enrolment e using held
  where e.trial_id = held.trial_id and e.user_id = %(user_id)s::uuid
  returning 1
)
select count(*) as rows from gone
