-- In: arrays of scenario_types and was (null: none): the configuration.
-- Out: for each scenario: `earlier`, its other names, of the ledger and of the configuration;
-- `known`, whether its `was` was ever applied (null: it has none).
-- Locks: none.
with recursive given as (
  select * from unnest(%(scenario_types)s::text[], %(was)s::text[]) as t (scenario_type, was)
),
pair as (
  select distinct s.scenario_type as one, s.was as other from rekindle.scenario s where s.was is not null
  union
  select given.scenario_type, given.was from given where given.was is not null
),
same (scenario_type, name) as (
  select given.scenario_type, given.scenario_type from given
  union
  select same.scenario_type, case when pair.one = same.name then pair.other else pair.one end
  from same
  join pair on same.name in (pair.one, pair.other)
)
select given.scenario_type,
       array(select same.name from same
             where same.scenario_type = given.scenario_type and same.name <> given.scenario_type
             order by same.name) as earlier,
       case when given.was is not null
            then exists (select from rekindle.scenario s where s.scenario_type = given.was) end as known
from given
order by given.scenario_type
