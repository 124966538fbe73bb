-- In: as plan.sql, of one person (user_id); wanting, how many scenarios that go before this one want the person too.
-- Out: one row, whoever it is, candidate or not: the occurrence that counts (null: not due), `blocked` with every reason of
-- refusals.sql that holds now, and what is known of each; `possible_at` is when those that time lifts are over, at the
-- earliest. Locks: none. Never: a write, a token, a variable.
{verdicts},
listed as materialized (
  select r.active, r.organisation_id, r.timezone, chapter.timezone as chapter_zone, organisation.timezone as organisation_zone,
         rekindle.first_zone(r.timezone, chapter.timezone, organisation.timezone, %(timezone)s) as zone,
         rekindle.variant_of((select variants from place), %(places)s::jsonb, r.organisation_id, r.chapter_id) as variant
  from rekindle_source.recipient r
  left join chapter on chapter.chapter_id = r.chapter_id
  left join organisation on organisation.organisation_id = r.organisation_id
  where r.user_id = %(user_id)s::uuid
),
-- As refusals.sql knows a person, due or not. The view may give one twice: of somebody who is due, the row counts that the
-- claim reads.
subject as materialized (
  select asked.user_id, choice.user_id is not null as due, choice.occurrence, choice.spent, choice.inactive_since_on,
         choice.own || choice.variables as variables,
         case when choice.user_id is not null then choice.organisation_id else home.organisation_id end as organisation_id,
         case when choice.user_id is not null then choice.zone
              else coalesce(home.zone, rekindle.first_zone(%(timezone)s)) end as zone,
         case when choice.user_id is not null then choice.variant when home.organisation_id is not null then home.variant
              else (select variants[1] from place) end as variant,
         home.timezone, home.chapter_zone, home.organisation_zone
  from (select %(user_id)s::uuid as user_id) asked
  left join choice on choice.user_id = asked.user_id
  left join lateral (
    select listed.* from listed
    order by choice.user_id is not null and listed.zone is distinct from choice.zone, listed.active desc nulls last,
             listed.zone, listed.organisation_id, (listed.variant).number
    limit 1
  ) home on true
),
stance as materialized (
  select c.*, merged.variables as merged, g.next_at, g.inflight, coalesce(k.counted, '{}') as counted,
         coalesce(w.scenarios, 0) as wanting,
         {each_refusal} as blocked,
         (
{known}
         ) as known
  from subject c
  cross join lateral (select c.variables) merged
  left join rekindle.gate g on g.user_id = c.user_id and g.scenario_type = %(scenario_type)s
  left join rekindle.cap k on k.user_id = c.user_id
  left join wanted w on w.user_id = c.user_id
  left join opted_out on opted_out.user_id = c.user_id
),
rule as materialized (
  select rule.most, rule.seconds, sum.live, sum.past, s.wanting, free.at as free_at
  from stance s
  cross join unnest((s.variant).cap_counts, (s.variant).cap_seconds) as rule (most, seconds)
  cross join lateral (
    select count(*) filter (where claim.value is null) as live,
           count(*) filter (where claim.value::float8 > extract(epoch from %(at)s::timestamptz) - rule.seconds) as past
    from jsonb_each_text(s.counted) as claim
  ) sum
  -- One more fits once this many of those sent have left the window: null where those that are alive fill it already.
  cross join lateral (
    select case
      when s.wanting + sum.live + sum.past < rule.most then %(at)s::timestamptz
      when s.wanting + sum.live < rule.most then (
        select to_timestamp(ceil((claim.value::float8 + rule.seconds) * 1000) / 1000)
        from jsonb_each_text(s.counted) as claim
        where claim.value is not null
        order by claim.value::float8 desc
        offset rule.most - s.wanting - sum.live - 1 limit 1)
      end as at
  ) free
)
select s.due, s.occurrence, s.blocked, s.known, s.zone, s.next_at, s.wanting, (s.variant).number as variant,
       rekindle.backed_off_until(s.user_id, %(scenario_type)s, s.inactive_since_on, s.variant) as backed_off_until,
       (select bool_or(listed.active) from listed) as active,
       timezone(s.zone, %(at)s::timestamptz) as local_at,
       jsonb_build_array(jsonb_build_array('recipient', s.timezone, rekindle.is_zone(s.timezone)),
                         jsonb_build_array('chapter', s.chapter_zone, rekindle.is_zone(s.chapter_zone)),
                         jsonb_build_array('organisation', s.organisation_zone, rekindle.is_zone(s.organisation_zone)),
                         jsonb_build_array('configuration', %(timezone)s::text, rekindle.is_zone(%(timezone)s)))
         as zones,
       array(select p.scenario_type from preference p
             where p.user_id = s.user_id and (p.scenario_type is null or p.scenario_type = %(scenario_type)s)
             order by 1 nulls first) as opted_out_of,
       spent.*, today.*,
       s.inflight as live_claim_id,
       (select jsonb_agg(jsonb_build_object('device_id', o.device_id, 'state', o.state, 'reason', o.reason,
                                            'next_try_at', o.next_try_at) order by o.device_id)
        from rekindle.outbox o where o.claim_id = s.inflight) as live_units,
       (select jsonb_agg(to_jsonb(rule) order by rule.seconds) from rule) as rules,
       pg_column_size(s.merged) as variables_bytes, octet_length(s.occurrence) as occurrence_bytes,
       (select jsonb_agg(distinct jsonb_build_object(
                 'device_id', id.device_id, 'usable', coalesce({usable}, false),
                 'empty', coalesce(d.token, '') = '',
                 'kind', case when d.target_kind in ('token', 'fid') then d.target_kind end,
                 'registered_at', case when isfinite(d.last_registered_at) then d.last_registered_at::timestamptz end,
                 'disabled_because', x.reason, 'disabled_at', x.disabled_at))
        from (select s.user_id) j
{devices}
       ) as devices,
       rekindle.opens_at(
         greatest(%(at)s::timestamptz, s.next_at, (select max(rule.free_at) from rule),
                  case when 'back_off' = any (s.blocked)
                       then rekindle.backed_off_until(s.user_id, %(scenario_type)s, s.inactive_since_on, s.variant) end,
                  case when 'already_today' = any (s.blocked) then today.today_until end),
         s.zone, (s.variant).quiet_from, (s.variant).quiet_until, (s.variant).weekdays) as possible_at
from stance s
-- Where one device is recorded and another unknown, the record counts.
left join lateral (
  select n.id as spent_claim_id, n.dispatched_at as spent_at, 'recorded' as spent_as
  from rekindle.scenario_notification n
  where n.user_id = s.user_id and n.scenario_type = %(scenario_type)s and n.occurrence = s.occurrence
  union all
  select o.claim_id, o.at, o.outcome
  from rekindle.outcome o
  where o.user_id = s.user_id and o.scenario_type = %(scenario_type)s and o.occurrence = s.occurrence
    and o.outcome = 'unknown'
  order by spent_as, spent_at desc
  limit 1
) spent on true
left join lateral (
  select (%(evaluated_on)s::date + 1)::timestamp at time zone 'UTC' as today_until, n.dispatched_at as today_at
  from (select 1) once
  left join rekindle.scenario_notification n
    on n.idempotency_key = rekindle.idempotency_key(s.user_id, %(scenario_type)s, %(evaluated_on)s::date)
) today on true
