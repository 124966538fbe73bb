-- A part of claim.sql: the first claim of each person in a trial, in either arm, whatever becomes
-- of the push. The primary key makes it the first.
enrolled as (
  insert into rekindle.enrolment (
    trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, scenario_version, organisation_id, chapter_id)
  select assigned.trial_id, claimed.user_id, assigned.arm, assigned.bucket, claimed.claim_id, %(at)s::timestamptz,
         %(scenario_type)s, %(version)s, claimed.organisation_id, claimed.chapter_id
  from claimed
  cross join lateral (values
    (claimed.everywhere_id, claimed.everywhere_arm, claimed.everywhere_bucket),
    (claimed.own_id, claimed.own_arm, claimed.own_bucket)
  ) as assigned (trial_id, arm, bucket)
  where (claimed.claim_id is null) is false and assigned.arm is not null
  order by assigned.trial_id, claimed.user_id
  on conflict (trial_id, user_id) do nothing
),
