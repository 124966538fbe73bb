-- In: user_id.
-- Out: one row per scenario and version (null: another program wrote the record): `rows`, the
-- records deleted; `deliveries` and `came_back`, the rows deleted with them; `latest_at`, the last
-- acceptance.
-- Locks: the records, in key order; the units and outcomes of the person are gone, so no other
-- statement can write a record of theirs. The foreign key deletes the deliveries, which have no
-- index by person.
with held as materialized (
  select id from rekindle.scenario_notification
  where user_id = %(user_id)s::uuid
  order by id
  for update
),
gone as (
  delete from rekindle.scenario_notification n using held
  where n.id = held.id
  returning n.id, n.scenario_type, n.scenario_version, n.dispatched_at
)
select gone.scenario_type, gone.scenario_version, count(distinct gone.id) as rows, count(d.claim_id) as deliveries,
       count(distinct c.claim_id) as came_back, max(coalesce(d.accepted_at, gone.dispatched_at)) as latest_at
from gone
left join rekindle.delivery d on d.claim_id = gone.id   -- as they were when this statement began
left join rekindle.came_back c on c.claim_id = gone.id
group by gone.scenario_type, gone.scenario_version
order by gone.scenario_type, gone.scenario_version
