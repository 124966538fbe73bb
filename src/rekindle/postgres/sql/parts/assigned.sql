-- A part of verdicts.sql: the arm of each person who would be claimed, in the trial of the whole
-- programme and in that of this scenario (null: not in it). Only people who are nudged in the first
-- are assigned in the second. From the day `until_on` on, only the people who are enrolled have an
-- arm. In a trial by chapter they keep the arm with which they were enrolled, wherever they move.
-- `offset 0` computes each bucket once.
select judged.*, trial.everywhere_id, trial.own_id, everywhere_bucket.bucket as everywhere_bucket,
       everywhere.arm as everywhere_arm, own_bucket.bucket as own_bucket, own.arm as own_arm,
       case 'held_out' when everywhere.arm then '*' when own.arm then %(scenario_type)s::text end as held_out_of
from judged
-- Each trial is a scalar subquery without parameters, so that it is read once and not per person.
cross join (
  select (running.everywhere).trial_id as everywhere_id, (running.own).trial_id as own_id,
         (running.everywhere).held as everywhere_held, (running.own).held as own_held,
         (running.everywhere).unit = 'chapter' as everywhere_by_chapter,
         (running.own).unit = 'chapter' as own_by_chapter,
         timezone('UTC', (running.everywhere).until_on::timestamp) > %(at)s::timestamptz as everywhere_enrols,
         timezone('UTC', (running.own).until_on::timestamp) > %(at)s::timestamptz as own_enrols  -- mutant: until
  from (
    select (select t from rekindle.trial t
            where t.scope = '*' and t.held is not null and t.ended_at is null
              and t.agreed_at > %(at)s::timestamptz) as everywhere,
           (select t from rekindle.trial t
            where t.scope = %(scenario_type)s and t.held is not null and t.ended_at is null
              and t.agreed_at > %(at)s::timestamptz  -- mutant: agreed-day
           ) as own
    offset 0
  ) running
) trial
cross join lateral (
  select case when judged.refusal is null
                and (judged.variant).trials  -- mutant: exempt
              then rekindle.bucket(trial.everywhere_id::text, '*', coalesce(
                     case when trial.everywhere_by_chapter then judged.chapter_id end, judged.user_id)::text)
         end as bucket
  offset 0
) everywhere_bucket
cross join lateral (
  select coalesce(
    case when everywhere_bucket.bucket is not null
           and (trial.everywhere_by_chapter or not trial.everywhere_enrols)
         then (select e.arm from rekindle.enrolment e
               where e.trial_id = trial.everywhere_id and e.user_id = judged.user_id) end,
    case when not trial.everywhere_enrols then null
         when everywhere_bucket.bucket < trial.everywhere_held then 'held_out'  -- mutant: bucket
         when everywhere_bucket.bucket is not null then 'nudged' end) as arm
  offset 0
) everywhere
cross join lateral (
  select case when judged.refusal is null and (judged.variant).trials
                and everywhere.arm is distinct from 'held_out'  -- mutant: nested
              then rekindle.bucket(trial.own_id::text, %(scenario_type)s, coalesce(
                     case when trial.own_by_chapter then judged.chapter_id end, judged.user_id)::text)
         end as bucket
  offset 0
) own_bucket
cross join lateral (
  select coalesce(
    case when own_bucket.bucket is not null and (trial.own_by_chapter or not trial.own_enrols)
         then (select e.arm from rekindle.enrolment e
               where e.trial_id = trial.own_id and e.user_id = judged.user_id) end,
    case when not trial.own_enrols then null
         when own_bucket.bucket < trial.own_held then 'held_out'
         when own_bucket.bucket is not null then 'nudged' end) as arm
  offset 0
) own
