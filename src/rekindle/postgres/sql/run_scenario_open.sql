-- In: the numbers of one claim. Written in the claim's own transaction: who was refused and why
-- survives any crash. Until the run is closed, everyone claimed counts as pending.
insert into rekindle.run_scenario (
  run_id, scenario_type, position, evaluated, not_due, refused, refusals, claimed, pending, confirmed)
select %(run_id)s, %(scenario_type)s, count(*), %(evaluated)s, %(not_due)s, %(refused)s, %(refusals)s,
       %(claimed)s, %(claimed)s, %(confirmed)s
from rekindle.run_scenario where run_id = %(run_id)s
