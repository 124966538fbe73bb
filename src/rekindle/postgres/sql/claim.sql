-- In: one scenario, one moment (at, evaluated_on), the run.
-- Out: (verdict, people, undone). The verdict is 'claimed' or the reason for a refusal. `undone`
-- lists the claims that must give their gates back.
-- At most one claim per person and scenario wins, however many runs evaluate at once. The upsert on
-- the gate's primary key decides, while it has the row's lock, by the clock of that moment. The
-- upsert is ordered by key: unordered, 191 of 200 concurrent statements deadlocked. The verdicts
-- filter its rows first, because an upsert whose WHERE is false still locks and writes.
-- People who are held out by a trial are claimed like all others, and their units say so.
-- Locks: the gates of the people who are claimed, then their caps, each in order of person; then
-- their enrolments.
-- Never: a push; a unit whose claim does not have the gate.
{verdicts},
won as (
  insert into rekindle.gate (user_id, scenario_type, next_at, inflight, cooldown_seconds)
  select verdict.user_id, %(scenario_type)s,
         rekindle.clock() + make_interval(secs => (verdict.variant).cooldown_seconds),
         rekindle.new_claim_id(), (verdict.variant).cooldown_seconds
  from verdict
  where verdict.refusal is null
  order by verdict.user_id  -- mutant: gates-in-order
  on conflict (user_id, scenario_type) do update
    set next_at = rekindle.clock() + make_interval(secs => excluded.cooldown_seconds),  -- mutant: cooldown-after-the-wait
        cooldown_seconds = excluded.cooldown_seconds,
        inflight = excluded.inflight,
        epoch = gate.epoch + 1
    where gate.inflight is null  -- mutant: gate-not-in-flight, gate-open
      and gate.next_at <= rekindle.clock()  -- mutant: gate-cooled-down, gate-open
  returning gate.user_id, gate.inflight as claim_id
),
winner as (
  select won.claim_id, verdict.*
  from won
  -- FULL JOIN only to rule out a nested loop. It acts as an inner join. verdicts.sql explains
  -- `(x is null) is false`.
  full join verdict on verdict.user_id = won.user_id
  where (won.claim_id is null) is false
),
-- A person may win the gate but fail at a cap that another scenario has filled at the same moment.
-- claim_undo.sql then opens the gate again, in the same transaction. The row keeps the rules of the
-- cap, as the gate keeps the cooldown, because an upsert sees nothing else about its person.
within_cap as (
  insert into rekindle.cap (user_id, counted, rule_counts, rule_seconds)
  select winner.user_id, jsonb_build_object(winner.claim_id, null), (winner.variant).cap_counts,
         (winner.variant).cap_seconds
  from winner
  where (winner.variant).counts
  order by winner.user_id
  on conflict (user_id) do update
    set counted = rekindle.still_counted(cap.counted, rekindle.clock()) || excluded.counted,
        rule_counts = excluded.rule_counts, rule_seconds = excluded.rule_seconds
    where rekindle.fits(cap.counted, 0, excluded.rule_counts, excluded.rule_seconds, rekindle.clock())  -- mutant: cap-fits
  returning cap.user_id
),
claimed as (
  select winner.*
  from winner
  -- FULL JOIN only to rule out a nested loop. It acts as a left join.
  full join within_cap on within_cap.user_id = winner.user_id
  where not (winner.variant).counts or within_cap.user_id is not null
),
-- The moments at which the scenario ends, by day and zone. With first_moment per claim, a claim
-- took 1.2 times as long (4,700 of 50,000 people). Without `until` this is not executed.
ending as (
  select jsonb_object_agg(ends.until_on || ends.zone,
                          rekindle.first_moment(ends.until_on, time '00:00', ends.zone)) as at
  from (
    select distinct (claimed.variant).until_on, coalesce(claimed.zone, 'UTC') as zone from claimed
    where (claimed.variant).until_on is not null
  ) ends
),
{enrolled}
{enrolled_reader}
unit as (
  insert into rekindle.outbox (
    claim_id, device_id, user_id, scenario_type, scenario_version, kind, organisation_id, claimed_run_id, run_id,
    idempotency_key, cooldown_window_start, cooldown_seconds, occurrence, other_occurrences, priority,
    turn, resend, held_out, text_name,
    target_kind, target, locale, variables, variant, timezone, quiet_from, quiet_until, weekdays, send_from,
    send_until, inactive_since_on,
    owner, lease_until, next_try_at, give_up_at, claimed_at)
  select claimed.claim_id, device.device_id, claimed.user_id, %(scenario_type)s, %(version)s, %(kind)s,
         claimed.organisation_id, %(run_id)s, %(run_id)s,
         {key_of_claim},
         %(at)s::timestamptz, (claimed.variant).cooldown_seconds, claimed.occurrence, claimed.other_occurrences,
         %(priority)s,
         row_number() over (partition by claimed.organisation_id order by claimed.claim_id, device.device_id),
         %(resend)s, claimed.held_out_of is not null,  -- mutant: ghost
         claimed.text_name,  -- mutant: text-of-the-claim
         device.target_kind, device.target, claimed.locale, claimed.variables, (claimed.variant).number,
         claimed.zone, (claimed.variant).quiet_from, (claimed.variant).quiet_until, (claimed.variant).weekdays,
         (claimed.variant).send_from, (claimed.variant).send_until, claimed.inactive_since_on,
         %(run_id)s, moment.at + make_interval(secs => %(reserved_seconds)s),
         moment.at,
         least(moment.at + make_interval(secs => (claimed.variant).relevance_seconds),
               case when (claimed.variant).until_on is not null  -- mutant: ends
                    then ((select at from ending)
                            ->> ((claimed.variant).until_on || coalesce(claimed.zone, 'UTC')))::timestamptz
               end,
               {relevant_until}),  -- mutant: relevant-until
         moment.at
  from claimed
  -- FULL JOIN only to rule out a nested loop. It acts as an inner join.
  full join device on device.user_id = claimed.user_id
  cross join (select rekindle.clock() as at) moment
  where (claimed.claim_id is null) is false and (device.device_id is null) is false
)
select coalesce(verdict.refusal, case when won.user_id is null then 'claimed_elsewhere'
                                      when claimed.user_id is null then 'frequency_cap'
                                      else 'claimed' end) as verdict,
       count(*) as people,
       coalesce(array_agg(won.claim_id) filter (where won.claim_id is not null and claimed.user_id is null), '{}')
         as undone
from verdict
-- FULL JOIN only to rule out nested loops. Both act as left joins: every winner has a verdict.
full join won on won.user_id = verdict.user_id
full join claimed on claimed.user_id = verdict.user_id
group by 1
order by 1
