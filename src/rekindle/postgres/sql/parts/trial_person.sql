-- A part of effect_trials, effect_numbers and effect_changed: every person of the trials, with the
-- UTC days of what is known about them. In a text trial, each text but the first is compared with
-- the first one, among the people of these two: `text_name` is the other text, and `nudged` are the
-- people who got it. It is empty for a trial that holds people out. A person of a trial that was
-- ended early counts as settled only if their horizon was over by then.
select t.trial_id, compared.text_name, e.user_id, e.claim_id, e.claimed_at, e.scenario_type,
       e.arm = coalesce(nullif(compared.text_name, ''), 'nudged') as nudged,
       t.unit, t.scope, t.horizon_seconds, t.outcome,
       coalesce(case t.unit when 'chapter' then e.chapter_id end, e.user_id)::text as unit_id,
       case when t.held is not null then (place.bucket < t.held) <> (e.arm = 'held_out')
            else t.texts[1 + width_bucket(place.bucket, t.text_ends)] <> e.arm  -- mutant: misplaced-text
       end as misplaced,
       (e.claimed_at at time zone 'UTC')::date as enrolled_on,
       case when in_time.yes then (e.settled_at at time zone 'UTC')::date end as settled_on,
       case when in_time.yes then e.came_back_at end as came_back_at,
       in_time.yes and e.opted_out_at is not null as opted_out
from rekindle.trial t
cross join lateral unnest(coalesce(t.texts[2:], array[''])) as compared (text_name)
join rekindle.enrolment e
  on e.trial_id = t.trial_id
 and (t.held is not null or e.arm in (t.texts[1], compared.text_name))  -- mutant: of-the-two-texts
cross join lateral (
  select rekindle.bucket(t.trial_id::text, t.scope,
                         coalesce(case t.unit when 'chapter' then e.chapter_id end, e.user_id)::text) as bucket
) place
cross join lateral (
  select e.settled_at is not null
         and (t.ended_at is null or e.claimed_at + make_interval(secs => t.horizon_seconds) <= t.ended_at)  -- mutant: through-by-the-end
    as yes
) in_time
where {trial_scope}
  and (%(sees)s::uuid[] is null or e.organisation_id = any (%(sees)s::uuid[]))  -- mutant: own-effect
