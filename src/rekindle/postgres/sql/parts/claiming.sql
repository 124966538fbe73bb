-- A part of guard_people.sql: the people of the claim in this transaction.
select o.user_id, o.scenario_type from rekindle.outbox o
where o.claimed_run_id = %(run_id)s::uuid and o.scenario_type = %(scenario_type)s
