-- A part of claim.sql, for a scenario with further texts: the first claim of each person in the
-- text trial, whatever becomes of the push. Two claims of one scenario never wait here for each
-- other, because only one of them has the gate of a person.
enrolled_reader as (
  insert into rekindle.enrolment (
    trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, scenario_version, organisation_id, chapter_id)
  select claimed.text_trial_id, claimed.user_id, claimed.text_name, claimed.text_bucket, claimed.claim_id,
         %(at)s::timestamptz, %(scenario_type)s, %(version)s, claimed.organisation_id, claimed.chapter_id
  from claimed
  where (claimed.claim_id is null) is false and claimed.text_name is not null
  order by claimed.user_id
  on conflict (trial_id, user_id) do nothing
),
