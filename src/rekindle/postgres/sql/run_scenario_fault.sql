-- In: run_id, scenario_type, fault (the code of an error).
-- Out: nothing. It keeps why this run could not evaluate a scenario, so that the next run begins
-- with it. If the claim was committed although its answer never came, its row stays.
insert into rekindle.run_scenario (run_id, scenario_type, position, fault)
select %(run_id)s, %(scenario_type)s, count(*), %(fault)s
from rekindle.run_scenario where run_id = %(run_id)s
on conflict (run_id, scenario_type) do nothing
