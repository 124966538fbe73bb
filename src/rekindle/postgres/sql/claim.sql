-- In: one scenario, one moment (at, evaluated_on), the run. Out: (verdict, people, undone): 'claimed', or a reason to refuse;
-- and the claims that must give their gates back.
-- One winner per person and scenario, whatever runs beside it: the upsert on the gate's primary key decides, after
-- the row's lock is held and by the clock of that moment. It is ordered by key (unordered, 191 of 200 concurrent
-- statements deadlocked) and prefiltered by the verdicts (an upsert whose WHERE is false still locks and writes).
-- The parts are put together by full joins, which are hashed or merged and never nested loops: how many are due cannot
-- be estimated, and taken for a handful they were compared one by one (7.6 s for 9,339 of 40,000 people; now 0.6 s).
-- Locks: the gates of those who are claimed, then their caps, each in order of person. Never: a push; a unit without a gate held by its claim.
{verdicts},
won as (
  insert into rekindle.gate as g (user_id, scenario_type, next_at, inflight, cooldown_seconds)
  select v.user_id, %(scenario_type)s, rekindle.clock() + make_interval(secs => (v.variant).cooldown_seconds),
         rekindle.new_claim_id(), (v.variant).cooldown_seconds
  from verdict v
  where v.refusal is null
  order by v.user_id
  on conflict (user_id, scenario_type) do update
    set next_at = rekindle.clock() + make_interval(secs => excluded.cooldown_seconds),
        cooldown_seconds = excluded.cooldown_seconds,
        inflight = excluded.inflight,
        epoch = g.epoch + 1
    where g.inflight is null and g.next_at <= rekindle.clock()
  returning g.user_id, g.inflight as claim_id
),
held as (
  select won.claim_id, v.*
  from won
  full join verdict v on v.user_id = won.user_id
  where (won.claim_id is null) is false
),
-- Whoever won the gate and meets a cap that another scenario filled at this very moment gives the gate back:
-- claim_undo.sql, in the same transaction. Its rules stand in the row, as the cooldown does in the gate's: an upsert sees nothing
-- else of its person.
counted as (
  insert into rekindle.cap as k (user_id, counted, rule_counts, rule_seconds)
  select held.user_id, jsonb_build_object(held.claim_id, null), (held.variant).cap_counts, (held.variant).cap_seconds
  from held
  where (held.variant).counts
  order by held.user_id
  on conflict (user_id) do update
    set counted = rekindle.still_counted(k.counted, rekindle.clock()) || excluded.counted,
        rule_counts = excluded.rule_counts, rule_seconds = excluded.rule_seconds
    where rekindle.fits(k.counted, 0, excluded.rule_counts, excluded.rule_seconds, rekindle.clock())
  returning k.user_id
),
claimed as (
  select held.*
  from held
  full join counted on counted.user_id = held.user_id
  where not (held.variant).counts or (counted.user_id is null) is false
),
unit as (
  insert into rekindle.outbox (
    claim_id, device_id, user_id, scenario_type, scenario_version, organisation_id, claimed_run_id, run_id,
    idempotency_key, cooldown_window_start, cooldown_seconds, occurrence, priority, turn, resend,
    target_kind, target, locale, variables, variant, timezone, quiet_from, quiet_until, weekdays, inactive_since_on,
    owner, lease_until, next_try_at, give_up_at, claimed_at)
  select c.claim_id, d.device_id, c.user_id, %(scenario_type)s, %(version)s, c.organisation_id,
         %(run_id)s, %(run_id)s,
         rekindle.idempotency_key(c.user_id, %(scenario_type)s, %(evaluated_on)s::date),
         %(at)s::timestamptz, (c.variant).cooldown_seconds, c.occurrence, %(priority)s,
         row_number() over (partition by c.organisation_id order by c.claim_id, d.device_id), %(resend)s,
         d.target_kind, d.target, c.locale, c.variables, (c.variant).number, c.zone, (c.variant).quiet_from,
         (c.variant).quiet_until, (c.variant).weekdays, c.inactive_since_on,
         %(run_id)s, moment.at + make_interval(secs => %(reserved_seconds)s),
         moment.at, moment.at + make_interval(secs => (c.variant).relevance_seconds), moment.at
  from claimed c
  full join device d on d.user_id = c.user_id
  cross join (select rekindle.clock() as at) moment
  where (c.claim_id is null) is false and (d.device_id is null) is false
)
select coalesce(v.refusal, case when won.user_id is null then 'claimed_elsewhere'
                                when claimed.user_id is null then 'frequency_cap'
                                else 'claimed' end) as verdict,
       count(*) as people,
       coalesce(array_agg(won.claim_id) filter (where (won.claim_id is null) is false and claimed.user_id is null), '{}')
         as undone
from verdict v
full join won on won.user_id = v.user_id
full join claimed on claimed.user_id = v.user_id
group by 1
order by 1
