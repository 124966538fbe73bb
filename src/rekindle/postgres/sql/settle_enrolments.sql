-- In: limit, per trial; outcome ('activity', or the query that was asked); timezone, where a
-- person's own is missing or not valid (null: UTC).
-- Out: settled, the number of enrolments that this batch decided.
-- Writes whether each person of a trial came back within its horizon, once it is over (see
-- enrolments_over.sql); and whether they had opted out by now. It is the same for both arms.
-- The caller binds {preference} and {back} as for look_back.sql.
-- Locks: the enrolments, in key order, skipping locked ones.
-- Never: a change to a row that is settled.
with preference as (
  {preference}
),
renamed as materialized (
  select * from rekindle.renamed()
),
over as materialized (
  {enrolments_over}
),
person as materialized (
  {person_over}
),
locked as materialized (
  select e.trial_id, e.user_id, e.claim_id, e.scenario_type, e.claimed_at, over.horizon_seconds
  from over
  join rekindle.enrolment e on e.trial_id = over.trial_id and e.user_id = over.user_id
  where e.settled_at is null
  order by e.trial_id, e.user_id
  for update of e skip locked
),
claim as (
  select locked.*, person.zone, person.opted_out_of
  from locked
  join person on person.user_id = locked.user_id
),
settled as (
  update rekindle.enrolment e
  set settled_at = rekindle.clock(), came_back_at = back.at,
      opted_out_at = case when claim.opted_out_of && array[coalesce(renamed.identity, claim.scenario_type), '']
                          then rekindle.clock() end
  from claim
  left join renamed on renamed.name = claim.scenario_type  -- mutant: settled-by-name
  {back}
  where e.trial_id = claim.trial_id and e.user_id = claim.user_id
  returning 1
)
select count(*) as settled from settled
