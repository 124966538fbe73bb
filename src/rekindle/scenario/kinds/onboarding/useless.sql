-- A part of keep_spent.sql: the stages below the highest one. candidates.sql compares with the
-- highest.
select named.user_id, named.scenario_type, named.occurrence
from (
  select stages.*, max(stages.stage) over (partition by stages.user_id, stages.scenario_type) as highest
  from (
    select push.user_id, push.scenario_type, push.occurrence,
           substring(push.occurrence from '^onboarding:([0-9]{1,4})d$')::int as stage
    from push
    where push.kind = 'onboarding'
  ) stages
) named
where named.stage < named.highest
