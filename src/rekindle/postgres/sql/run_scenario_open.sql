-- In: the numbers of one claim.
-- Out: nothing. It is part of the claim's transaction, so the numbers of people refused, by reason,
-- survive any crash. Until the run is closed, every claimed person counts as pending.
insert into rekindle.run_scenario (
  run_id, scenario_type, position, evaluated, not_due, refused, refusals, claimed, pending, confirmed)
select %(run_id)s, %(scenario_type)s, count(*), %(evaluated)s, %(not_due)s, %(refused)s, %(refusals)s,
       %(claimed)s, %(claimed)s, %(confirmed)s
from rekindle.run_scenario where run_id = %(run_id)s
