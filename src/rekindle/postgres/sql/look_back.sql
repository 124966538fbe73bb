-- In: limit, per scenario; outcome ('activity', or the query that was asked); timezone, where a
-- person's own is missing or not valid (null: UTC).
-- Out: looked_back, the number of records that this batch decided.
-- Writes whether the person came back after each push whose horizon is over: see pushes_over.sql.
-- The caller binds {preference} to the part of that name, or to its `_absent` twin; and {back} to
-- back.sql, or to its `_asked` twin.
-- Locks: none; two at once write the same rows once.
-- Never: a change to a row that is there.
with preference as (
  {preference}
),
renamed as materialized (
  select * from rekindle.renamed()
),
over as materialized (
  {pushes_over}
),
person as materialized (
  {person_over}
),
claim as (
  select over.*, person.zone, person.opted_out_of
  from over
  join person on person.user_id = over.user_id
),
looked as (
  insert into rekindle.came_back (claim_id, scenario_type, dispatched_at, horizon_seconds, back_at, opted_out)
  select claim.claim_id, claim.scenario_type, claim.dispatched_at, claim.horizon_seconds, back.at,
         claim.opted_out_of && array[coalesce(renamed.identity, claim.scenario_type), '']
  from claim
  left join renamed on renamed.name = claim.scenario_type  -- mutant: looked-back-by-name
  {back}
  order by claim.claim_id
  on conflict (claim_id) do nothing
  returning 1
)
select count(*) as looked_back from looked
