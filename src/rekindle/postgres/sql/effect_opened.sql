-- In: scope (null: all); sees, the organisations that the reader is limited to (null: all); since,
-- when the first of these trials started.
-- Out: rows per trial and `arm`: `opened`, the people whose first push the team's app says was
-- opened; `settled_opened`, those of them who settled.
-- The caller binds {opened} as for summary.sql.
-- Locks: none.
with record as (
  select n.id, e.trial_id, e.arm,
         e.settled_at is not null
         and (t.ended_at is null or e.claimed_at + make_interval(secs => t.horizon_seconds) <= t.ended_at) as settled
  from rekindle.trial t
  join rekindle.enrolment e on e.trial_id = t.trial_id
  join rekindle.scenario_notification n on n.id = e.claim_id
  where {trial_scope}
    and (%(sees)s::uuid[] is null or e.organisation_id = any (%(sees)s::uuid[]))  -- mutant: own-opens
),
opened as (
  {opened}
)
select record.trial_id, record.arm, count(*) as opened, count(*) filter (where record.settled) as settled_opened
from record
join opened on opened.claim_id = record.id
group by record.trial_id, record.arm
order by record.trial_id, record.arm
