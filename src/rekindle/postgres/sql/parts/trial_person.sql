-- A part of effect_trials, effect_numbers and effect_changed: every person of the trials that hold
-- people out, with the UTC days of what is known about them. A person of a trial that was ended
-- early counts as settled only if their horizon was over by then.
select t.trial_id, e.user_id, e.claim_id, e.claimed_at, e.scenario_type, e.arm = 'nudged' as nudged,
       t.unit, t.scope, t.horizon_seconds, t.outcome,
       coalesce(case t.unit when 'chapter' then e.chapter_id end, e.user_id)::text as unit_id,
       (rekindle.bucket(t.trial_id::text, t.scope,
                        coalesce(case t.unit when 'chapter' then e.chapter_id end, e.user_id)::text) < t.held)
         <> (e.arm = 'held_out') as misplaced,
       (e.claimed_at at time zone 'UTC')::date as enrolled_on,
       case when in_time.yes then (e.settled_at at time zone 'UTC')::date end as settled_on,
       case when in_time.yes then e.came_back_at end as came_back_at,
       in_time.yes and e.opted_out_at is not null as opted_out
from rekindle.trial t
join rekindle.enrolment e on e.trial_id = t.trial_id
cross join lateral (
  select e.settled_at is not null
         and (t.ended_at is null or e.claimed_at + make_interval(secs => t.horizon_seconds) <= t.ended_at)  -- mutant: through-by-the-end
    as yes
) in_time
where t.held is not null
  and {trial_scope}
  and (%(sees)s::uuid[] is null or e.organisation_id = any (%(sees)s::uuid[]))  -- mutant: own-effect
