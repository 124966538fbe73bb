-- In: user_id; scenario_types (empty: all); run_id and claim_id (null: any); organisations, those
-- of the claims (null: any); limit, in claims.
-- Out: the latest claims of a person, newest first, with one row per device: live (with its state),
-- recorded, or ended in another way. `claimed_at` is the moment of the evaluation. `armed_at` is
-- null for a device that accepted, because a delivery does not keep it. A record without a device
-- was written by another program.
-- Locks: none.
with named as (
  -- A scenario that was renamed has claims under each of its names.
  select asked.name from unnest(%(scenario_types)s::text[]) as asked (name)
  union
  select other.name
  from rekindle.renamed() as mine
  join rekindle.renamed() as other on other.identity = mine.identity
  where mine.name = any (%(scenario_types)s::text[])  -- mutant: history-by-name
),
unit as materialized (
  select o.claim_id, o.device_id, o.scenario_type, o.scenario_version, o.occurrence, o.other_occurrences,
         o.claimed_run_id, o.run_id, o.cooldown_window_start as claimed_at, o.state as ending, o.reason,
         o.attempts, o.armed_at,
         null::timestamptz as ended_at, case when o.state in ('claimed', 'retry') then o.next_try_at end as next_try_at,
         null::text as provider_name, o.organisation_id
  from rekindle.outbox o where o.user_id = %(user_id)s::uuid
  union all
  select n.id, d.device_id, n.scenario_type, n.scenario_version, n.occurrence, n.other_occurrences,
         coalesce(d.claimed_run_id, n.run_id), coalesce(d.run_id, n.run_id),
         coalesce(n.cooldown_window_start, n.dispatched_at), 'recorded', null,
         coalesce(d.attempts, 0), null, coalesce(d.accepted_at, n.dispatched_at), null,
         d.provider_name, n.organisation_id
  from rekindle.scenario_notification n
  left join rekindle.delivery d on d.claim_id = n.id
  where n.user_id = %(user_id)s::uuid
  union all
  select x.claim_id, x.device_id, x.scenario_type, x.scenario_version, x.occurrence, x.other_occurrences,
         x.claimed_run_id, x.run_id, x.cooldown_window_start, x.outcome, x.reason, x.attempts, x.armed_at, x.at, null,
         null, x.organisation_id
  from rekindle.outcome x where x.user_id = %(user_id)s::uuid
),
latest as (
  select claim_id, max(claimed_at) as newest
  from unit
  where (%(run_id)s::uuid is null or claimed_run_id = %(run_id)s::uuid or run_id = %(run_id)s::uuid)
    and (%(scenario_types)s::text[] = '{}' or scenario_type in (select named.name from named))
    and (%(claim_id)s::uuid is null or claim_id = %(claim_id)s::uuid)
    and (%(organisations)s::uuid[] is null or organisation_id = any (%(organisations)s::uuid[]))  -- mutant: own-history
  group by claim_id
  order by newest desc, claim_id desc
  limit %(limit)s
)
select unit.*
from latest
join unit on unit.claim_id = latest.claim_id
order by latest.newest desc, unit.claim_id desc, unit.device_id
