-- In: scenario_type, claimed, at. It is executed with temporary tables in place of those of the
-- ledger.
-- Out: nothing. The people that a replay claimed at this tick count as those of a run.
insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, claimed, recorded, at)
values (rekindle.new_claim_id(), %(scenario_type)s, 0, %(claimed)s::bigint, %(claimed)s::bigint, %(claimed)s::bigint,
        %(at)s::timestamptz)
