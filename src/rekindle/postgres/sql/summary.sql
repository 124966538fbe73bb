-- In: since; sees, the organisations that the reader is limited to (null: all).
-- Out: one row per scenario and organisation with records, unknown sends or dead tokens since then,
-- in order of both. A person counts once in `reached`. An unknown send counts while it is held, and
-- once it is closed.
-- The caller binds {opened} to opened.sql or opened_by_person.sql, or to its `_absent` twin; see
-- optional_views.sql.
-- `since` is bound and not read from the clock here: by its value the planner knows how little of
-- the ledger is since then.
-- Locks: none.
with record as (
  select n.scenario_type, n.organisation_id, n.id, n.user_id, c.claim_id, c.back_at, c.opted_out, c.horizon_seconds
  from rekindle.scenario_notification n
  left join rekindle.came_back c on c.claim_id = n.id
  where n.dispatched_at >= %(since)s
    and (%(sees)s::uuid[] is null or n.organisation_id = any (%(sees)s::uuid[]))  -- mutant: own-summary
),
opened as (
  {opened}
),
push as (
  select d.claim_id, count(*) as pushes
  from rekindle.delivery d
  join record on record.id = d.claim_id
  group by d.claim_id
),
fact as (
  select record.scenario_type, record.organisation_id, record.user_id, 1 as records, coalesce(push.pushes, 0) as pushes,
         (opened.claim_id is not null)::int as opened, record.horizon_seconds,
         (record.claim_id is not null)::int as looked_back,
         (record.back_at is not null)::int as came_back, coalesce(record.opted_out, false)::int as opted_out,
         0 as unknown, 0 as dead_tokens
  from record
  left join push on push.claim_id = record.id
  left join opened on opened.claim_id = record.id
  union all
  select o.scenario_type, o.organisation_id, null, 0, 0, 0, null, 0, 0, 0, (o.outcome = 'unknown')::int,
         (token.device_id is not null)::int
  from rekindle.outcome o
  left join rekindle.disabled_token token on token.device_id = o.device_id and token.sent_at = o.armed_at
  where o.at >= %(since)s
    and (o.outcome = 'unknown' or token.device_id is not null)
    and (%(sees)s::uuid[] is null or o.organisation_id = any (%(sees)s::uuid[]))
  union all
  select u.scenario_type, u.organisation_id, null, 0, 0, 0, null, 0, 0, 0, 1, 0
  from rekindle.outbox u
  where u.state = 'unknown' and u.armed_at >= %(since)s
    and (%(sees)s::uuid[] is null or u.organisation_id = any (%(sees)s::uuid[]))
)
select scenario_type, organisation_id, count(distinct user_id) as reached, sum(records) as records,
       sum(pushes)::bigint as pushes, sum(opened) as opened, (max(horizon_seconds) / 86400)::int as horizon_days,
       sum(looked_back) as looked_back,
       sum(came_back) as came_back, sum(opted_out) as opted_out, sum(unknown) as unknown,
       sum(dead_tokens) as dead_tokens
from fact
group by scenario_type, organisation_id
order by scenario_type, organisation_id
