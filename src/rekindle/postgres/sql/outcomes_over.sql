-- In: limit, per scenario and trial; outcome (null).
-- Out: the team's queries of an outcome that somebody waits for, whose horizon is over, in order;
-- `scopes`: the scenarios and trials ('*': of the whole programme) that wait for it.
-- Locks: none.
select over.outcome, array_agg(distinct over.scope order by over.scope) as scopes
from (
  select push.outcome, push.scenario_type as scope from (
    {pushes_over}
  ) push
  union
  select first.outcome, t.scope from (
    {enrolments_over}
  ) first
  join rekindle.trial t on t.trial_id = first.trial_id
) over
group by over.outcome
order by scopes, over.outcome
