-- A part of the statements that look back: people of trials whose horizon is over, and a day for
-- late entries with it, and who are not settled, the oldest first; up to `limit` per trial. If a
-- trial was stopped, only those whose horizon was over then. `outcome` as in pushes_over.sql.
select first.*, t.horizon_seconds, t.outcome
from rekindle.trial t
cross join (select rekindle.clock() as at) moment
cross join lateral (
  select e.trial_id, e.claim_id, e.user_id, e.scenario_type, e.claimed_at
  from rekindle.enrolment e
  where e.trial_id = t.trial_id and e.settled_at is null
    and e.claimed_at < moment.at - make_interval(secs => t.horizon_seconds + 86400)  -- mutant: trial-horizon-is-over
    and e.claimed_at <= coalesce(t.ended_at, 'infinity') - make_interval(secs => t.horizon_seconds)  -- mutant: stopped-early
  order by e.claimed_at
  limit %(limit)s
) first
where t.outcome = %(outcome)s or (%(outcome)s::text is null and t.outcome <> 'activity')  -- mutant: outcome-of-the-trial
