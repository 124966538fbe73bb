-- In: user_id.
-- Out: one row per scenario and version: `rows`, the units deleted; `under_way`, those of them that
-- were being sent or may have been accepted; `latest_at`, the present if there is one. The other
-- units are certainly never sent: arm.sql does not find them any more.
-- An answer that comes later finds no unit, so nothing records it (see record.sql).
-- Locks: the units, in key order. It is the first statement of an erasure, as units are locked
-- before everything else. It waits for each write under way, so the statements after it see what
-- those writes made of the units.
with held as materialized (
  select claim_id, device_id from rekindle.outbox
  where user_id = %(user_id)s::uuid
  order by claim_id, device_id  -- mutant: order-of-units
  for update
),
gone as (
  delete from rekindle.outbox o using held
  where o.claim_id = held.claim_id and o.device_id = held.device_id
  returning o.scenario_type, o.scenario_version,
            o.state in ('dispatching', 'unknown') or o.uncertain as under_way  -- mutant: under-way
)
select scenario_type, scenario_version, count(*) as rows, count(*) filter (where under_way) as under_way,
       case when bool_or(under_way) then rekindle.clock() end as latest_at
from gone
group by scenario_type, scenario_version
order by scenario_type, scenario_version
