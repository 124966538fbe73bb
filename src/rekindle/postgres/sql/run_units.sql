-- In: run_id, state.
-- Out: (claim_id, device_id, epoch, user_id, scenario_type) of the first 500 units of this run in
-- this state, in key order. `rekindle sql` uses them to print arm.sql and record.sql.
-- Locks: none.
select o.claim_id, o.device_id, o.epoch, o.user_id, o.scenario_type
from rekindle.outbox o
where o.run_id = %(run_id)s and o.state = %(state)s
order by o.claim_id, o.device_id
limit 500
