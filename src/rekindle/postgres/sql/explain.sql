-- In: as plan.sql, for one person (user_id); outranking, the number of outranking scenarios that
-- would claim the person too.
-- Out: one row, also for an unknown id. `occurrence` is the one that counts (null: not due).
-- `refusals` has, by reason and in order, whether each condition to refuse is true now. Other
-- columns have the facts about each condition. `possible_at` is the earliest moment at which the
-- conditions that end by themselves have ended.
-- Locks: none.
-- Never: a write, a token, a variable.
{verdicts},
listed as (
  select r.active, membership.organisation_id, membership.chapter_id, membership.position, zones.tried,
         rekindle.first_zone(variadic zones.tried) as zone,
         rekindle.variant_of((select variants from place), %(places)s::jsonb, membership.organisation_id,
                             membership.chapter_id) as variant
  from rekindle_source.recipient r
  {membership}
  left join chapter home_chapter on home_chapter.chapter_id = r.chapter_id
  left join organisation home_organisation on home_organisation.organisation_id = r.organisation_id
  left join chapter on chapter.chapter_id = membership.chapter_id
  left join organisation on organisation.organisation_id = membership.organisation_id
  cross join lateral (
    select array[r.timezone, home_chapter.timezone, home_organisation.timezone, chapter.timezone,
                 organisation.timezone, %(timezone)s::text] as tried
  ) zones
  where r.user_id = %(user_id)s::uuid
    and (%(organisations)s::uuid[] = '{}' or membership.organisation_id = any (%(organisations)s::uuid[]))
),
-- The person, due or not, with the columns that the conditions in refusals/ read. If the person is
-- due, the place that the claim chose counts, and otherwise the one that it would look at first.
-- Materialized so that the zone and the variant are looked up once, not by each condition.
subject as materialized (
  select asked.user_id, due.user_id is not null as due, due.occurrence, due.other_occurrences, due.spent, due.absence,
         due.variables, due.text,
         case when due.user_id is not null then due.organisation_id else home.organisation_id end as organisation_id,
         case when due.user_id is not null then due.chapter_id else home.chapter_id end as chapter_id,
         case when due.user_id is not null then due.zone
              else coalesce(home.zone, rekindle.first_zone(%(timezone)s)) end as zone,
         case when due.user_id is not null then due.variant
              when home.organisation_id is not null then home.variant
              else (select variants[1] from place) end as variant,
         home.position, coalesce(home.tried, array[null, null, null, null, null, %(timezone)s::text]) as tried
  from (select %(user_id)s::uuid as user_id) asked
  left join due on due.user_id = asked.user_id
  left join lateral (
    select occasion.* from listed occasion
    order by due.user_id is not null
               and (occasion.organisation_id, occasion.chapter_id, occasion.position, occasion.zone)
                   is distinct from (due.organisation_id, due.chapter_id, due.position, due.zone),
             occasion.active desc nulls last, {closed}, occasion.position, occasion.organisation_id,
             occasion.chapter_id,
             occasion.zone, (occasion.variant).number
    limit 1
  ) home on true
),
condition as (
  select person.*, gate.next_at, gate.inflight, coalesce(cap.counted, '{}') as counted,
         coalesce(outranking.scenarios, 0) as outranking,
         {every_refusal} as refusals,
         (
           {known}
         ) as known
  from subject person
  {gate}
  left join rekindle.cap on cap.user_id = person.user_id
  left join outranking on outranking.user_id = person.user_id
  left join opted_out on opted_out.user_id = person.user_id
),
rule as (
  select rule.most, rule.seconds, sum.live, sum.past, person.outranking, free.at as free_at
  from condition person
  cross join unnest((person.variant).cap_counts, (person.variant).cap_seconds) as rule (most, seconds)
  cross join lateral (
    select count(*) filter (where claim.value is null) as live,
           count(*) filter (where claim.value::float8 > extract(epoch from %(at)s::timestamptz) - rule.seconds) as past
    from jsonb_each_text(person.counted) as claim
  ) sum
  -- The moment at which enough sent claims have left the window for one more to fit; null if the
  -- live claims fill it already.
  cross join lateral (
    select case
      when person.outranking + sum.live + sum.past < rule.most then %(at)s::timestamptz
      when person.outranking + sum.live < rule.most then (
        select to_timestamp(ceil((claim.value::float8 + rule.seconds) * 1000) / 1000)
        from jsonb_each_text(person.counted) as claim
        where claim.value is not null
        order by claim.value::float8 desc
        offset rule.most - person.outranking - sum.live - 1 limit 1)
      end as at
  ) free
)
select person.due, person.occurrence, person.other_occurrences, person.organisation_id, person.chapter_id,
       person.refusals,
       person.known, person.zone, person.next_at, person.outranking,
       (person.variant).number as variant,
       rekindle.backed_off_until(person.user_id, %(names)s::text[], person.absence, person.variant)
         as backed_off_until,
       -- The latest occasion that since, max_age or until left out.
       (select jsonb_build_object('began_on', to_jsonb(found) -> 'began_on', 'over', not {not_over})
        from found where not person.due order by to_jsonb(found) ->> 'began_on' desc nulls last limit 1) as left_out,
       (select bool_or(listed.active) from listed) as active,
       timezone(person.zone, %(at)s::timestamptz) as local_at,
       (select jsonb_agg(jsonb_build_array(tried.source, tried.zone, rekindle.is_zone(tried.zone))
                         order by tried.position)
        from unnest(person.tried, array['recipient', 'chapter', 'organisation', 'chapter of the membership',
                                        'organisation of the membership', 'configuration'])
          with ordinality as tried (zone, source, position)
        where person.position > 0 or tried.position not in (4, 5)) as zones,
       array(select preference.scenario_type from preference
             where preference.user_id = person.user_id
               and (preference.scenario_type is null or preference.scenario_type = any (%(names)s::text[]))
             order by 1 nulls first) as opted_out_of,
       spent.*, today.*,
       live.*,
       (select verdict.held_out_of from verdict limit 1) as held_out_of,
       (select verdict.text_name from verdict limit 1) as text_name,
       (select jsonb_agg(to_jsonb(rule) order by rule.seconds) from rule) as rules,
       person.text, pg_column_size(person.variables) as variables_bytes,
       array(select one.key from jsonb_each(person.variables) one where one.value <> 'null') as variables_given,
       octet_length(person.occurrence) as occurrence_bytes,
       (select jsonb_agg(jsonb_build_object(
                 'device_id', one.device_id, 'usable', one.usable and one.place <= coalesce(one.most, one.place),
                 'empty', one.empty, 'passed_on', one.passed_on, 'stale', not one.fresh,
                 'kind', one.kind, 'registered_at', one.registered_at,
                 'disabled_because', one.disabled_because, 'disabled_at', one.disabled_at) order by one.device_id)
        from (
          select each.*,
                 row_number() over (partition by each.usable order by each.newness desc, each.device_id) as place
          from (
            select distinct on (id.device_id, registered.target)
                   id.device_id, (person.variant).device_count as most,
                   coalesce({usable}, false) and not owner.passed_on and {fresh} as usable,
                   coalesce(registered.target, '') = '' as empty, owner.passed_on, {fresh} as fresh,
                   rekindle.registered_at(device_token.last_registered_at) as newness,
                   case when device_token.target_kind in ('token', 'fid') then device_token.target_kind end as kind,
                   case when device_token.last_registered_at between '0001-01-02' and '9999-12-30'
                        then device_token.last_registered_at::timestamptz end as registered_at,
                   disabled.reason as disabled_because, disabled.disabled_at
            from (select person.user_id, person.variant) person
            {devices}
            cross join lateral (
              select (select registration.user_id from registration where registration.target = registered.target
                      order by {newest_first} limit 1) is distinct from person.user_id as passed_on
            ) owner
            order by id.device_id, registered.target, newness desc
          ) each
        ) one
       ) as devices,
       rekindle.opens_at(
         greatest(%(at)s::timestamptz, person.next_at, (select max(rule.free_at) from rule),
                  case when (person.refusals ->> 'back_off')::boolean
                       then rekindle.backed_off_until(
                              person.user_id, %(names)s::text[], person.absence, person.variant) end,
                  case when (person.refusals ->> 'already_today')::boolean then today.today_until end),
         person.zone, (person.variant).quiet_from, (person.variant).quiet_until, (person.variant).weekdays,
         (person.variant).send_from, (person.variant).send_until)
         as possible_at
from condition person
-- A reader that is limited to organisations learns that a push of another one is in the way, but
-- not which one, or when.
left join lateral (
  select person.inflight as live_claim_id,
         jsonb_agg(jsonb_build_object('device_id', o.device_id, 'state', o.state, 'reason', o.reason,
                                      'next_try_at', o.next_try_at) order by o.device_id) as live_units
  from rekindle.outbox o
  where o.claim_id = person.inflight
    and (%(organisations)s::uuid[] = '{}' or o.organisation_id = any (%(organisations)s::uuid[]))  -- mutant: own-claim
  having count(*) > 0 or %(organisations)s::uuid[] = '{}'
) live on true
-- If one device is recorded and another unknown, the record counts.
left join lateral (
  select case when spending.visible then spending.claim_id end as spent_claim_id,
         case when spending.visible then spending.at end as spent_at, spending.ending as spent_as
  from (
    select n.id as claim_id, n.dispatched_at as at, 'recorded' as ending,
           %(organisations)s::uuid[] = '{}' or n.organisation_id = any (%(organisations)s::uuid[]) as visible
    from rekindle.scenario_notification n
    where n.user_id = person.user_id and n.scenario_type = any (%(names)s::text[])
      and (n.occurrence = person.occurrence or person.occurrence = any (n.other_occurrences))
    union all
    select o.claim_id, o.at, o.outcome,
           %(organisations)s::uuid[] = '{}' or o.organisation_id = any (%(organisations)s::uuid[])
    from rekindle.outcome o
    where o.user_id = person.user_id and o.scenario_type = any (%(names)s::text[])
      and (o.occurrence = person.occurrence or person.occurrence = any (o.other_occurrences))
      and o.outcome in ('unknown', 'held_out')
    union all
    select null, s.at, 'sent', %(organisations)s::uuid[] = '{}'   -- its record was pruned
    from rekindle.spent s
    where s.user_id = person.user_id and s.scenario_type = any (%(names)s::text[]) and s.occurrence = person.occurrence
  ) spending
  order by spending.ending, spending.at desc
  limit 1
) spent on true
left join lateral (
  select (%(evaluated_on)s::date + 1)::timestamp at time zone 'UTC' as today_until, n.dispatched_at as today_at
  from (select 1) once
  left join rekindle.scenario_notification n
    on n.idempotency_key = any ({keys_of_today})
   and (%(organisations)s::uuid[] = '{}' or n.organisation_id = any (%(organisations)s::uuid[]))
) today on true
