-- A part of verdicts.sql, for a scenario with further texts: the text of each person who would be
-- claimed and sent a push (null: not in a text trial). Only people who are not held out are
-- assigned. The trial must be the one of these texts: an apply may have replaced it since the run
-- read its scenarios. From the day `until_on` on, only the people who are enrolled have an arm.
-- `offset 0` computes each bucket once, as in assigned.sql.
select assigned.*, trial.trial_id as text_trial_id, part.bucket as text_bucket, arm.text_name
from assigned
-- A scalar subquery, so that the trial is read once and not per person.
cross join (
  select (running.texts).trial_id, (running.texts).texts, (running.texts).text_ends,
         timezone('UTC', (running.texts).until_on::timestamp) > %(at)s::timestamptz as enrols  -- mutant: texts-until
  from (
    select (select t from rekindle.trial t
            where t.scope = 'text:' || %(scenario_type)s and t.ended_at is null
              and t.texts_sha256 = %(texts_sha256)s  -- mutant: texts-of-the-trial
              and t.agreed_at > %(at)s::timestamptz  -- mutant: texts-agreed-day
           ) as texts
    offset 0
  ) running
) trial
cross join lateral (
  select case when assigned.refusal is null and trial.trial_id is not null
                and assigned.held_out_of is null  -- mutant: texts-nested
              then rekindle.bucket(trial.trial_id::text, 'text:' || %(scenario_type)s, assigned.user_id::text)
         end as bucket
  offset 0
) part
cross join lateral (
  select case when part.bucket is null then null
              when trial.enrols then trial.texts[1 + width_bucket(part.bucket, trial.text_ends)]  -- mutant: texts-bucket
              else (select e.arm from rekindle.enrolment e
                    where e.trial_id = trial.trial_id and e.user_id = assigned.user_id)
         end as text_name
  offset 0
) arm
