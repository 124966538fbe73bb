-- In: one scenario, one moment (at, evaluated_on), the run. Out: (verdict, people): 'claimed', or a reason to refuse.
-- One winner per person and scenario, whatever runs beside it: the upsert on the gate's primary key decides, after
-- the row's lock is held and by the clock of that moment. It is ordered by key (unordered, 191 of 200 concurrent
-- statements deadlocked) and prefiltered by the verdicts (an upsert whose WHERE is false still locks and writes).
-- The parts are put together by full joins, which are hashed or merged and never nested loops: how many are due cannot
-- be estimated, and taken for a handful they were compared one by one (7.6 s for 9,339 of 40,000 people; now 0.6 s).
-- Locks: the gates of those who are claimed. Never: a push; a unit without a gate held by its claim.
{verdicts},
won as (
  insert into rekindle.gate as g (user_id, scenario_type, next_at, inflight)
  select v.user_id, %(scenario_type)s, rekindle.clock() + make_interval(secs => %(cooldown_seconds)s),
         rekindle.new_claim_id()
  from verdict v
  where v.refusal is null
  order by v.user_id
  on conflict (user_id, scenario_type) do update
    set next_at = rekindle.clock() + make_interval(secs => %(cooldown_seconds)s),
        inflight = excluded.inflight,
        epoch = g.epoch + 1
    where g.inflight is null and g.next_at <= rekindle.clock()
  returning g.user_id, g.inflight as claim_id
),
unit as (
  insert into rekindle.outbox (
    claim_id, device_id, user_id, scenario_type, scenario_version, organisation_id, claimed_run_id, run_id,
    idempotency_key, cooldown_window_start, cooldown_seconds, occurrence, priority, resend,
    target_kind, target, locale, variables, owner, lease_until, next_try_at, give_up_at, claimed_at)
  select won.claim_id, d.device_id, won.user_id, %(scenario_type)s, %(version)s, v.organisation_id,
         %(run_id)s, %(run_id)s,
         rekindle.idempotency_key(won.user_id, %(scenario_type)s, %(evaluated_on)s::date),
         %(at)s::timestamptz, %(cooldown_seconds)s, v.occurrence, %(priority)s, %(resend)s,
         d.target_kind, d.target, v.locale, v.variables,
         %(run_id)s, moment.at + make_interval(secs => %(reserved_seconds)s),
         moment.at, moment.at + make_interval(secs => %(relevance_seconds)s), moment.at
  from won
  full join verdict v on v.user_id = won.user_id
  full join device d on d.user_id = won.user_id
  cross join (select rekindle.clock() as at) moment
  where (won.claim_id is null) is false and (d.device_id is null) is false
)
select coalesce(v.refusal, case when won.user_id is null then 'claimed_elsewhere' else 'claimed' end) as verdict,
       count(*) as people
from verdict v
full join won on won.user_id = v.user_id
group by 1
order by 1
