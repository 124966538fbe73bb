-- A part of claim.sql and plan.sql, so that both decide by the same words: everyone who is due, one row a person,
-- with the reason for which the person is refused (null: to be claimed) and the devices to send to.
-- {candidates} is one of the candidates_*.sql. Columns of the recipient view beyond the contract's become variables.
-- {chapter}, {organisation}, {preference} and {wanted} are the parts of these names, or of what stands for them if absent.
with chapter as (
{chapter}
),
organisation as (
{organisation}
),
preference as not materialized (
{preference}
),
switched_off as materialized (
  select bool_or(off.organisation_id is null) as everybody,
         array_agg(off.organisation_id) filter (where (off.organisation_id is null) is false) as organisations
  from (
{switched_off}
  ) off
  where off.scenario_type is null or off.scenario_type = %(scenario_type)s
),
opted_out as (
  select distinct p.user_id
  from preference p
  where (p.scenario_type is null or p.scenario_type = %(scenario_type)s)
    and (%(user_id)s::uuid is null or p.user_id = %(user_id)s::uuid)
),
wanted as (
{wanted}
),
-- Which names are zones is asked once for each name and not for each person (ten times for each, it was most of a claim),
-- and kept in maps: a join could become a nested loop over all chapters where few people are expected to be due.
zone as materialized (
  select jsonb_object_agg(name.zone, true) as known
  from (
    select r.timezone from rekindle_source.recipient r
    where r.active and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
    union select chapter.timezone from chapter
    union select organisation.timezone from organisation
    union select %(timezone)s::text
    offset 0   -- else the condition is asked before the names are made distinct
  ) as name (zone)
  where rekindle.is_zone(name.zone)
),
place as materialized (
  select zone.known,
         (select jsonb_object_agg(c.chapter_id, c.timezone) from chapter c
          where c.chapter_id is not null and zone.known ? c.timezone) as of_chapter,
         (select jsonb_object_agg(o.organisation_id, o.timezone) from organisation o
          where o.organisation_id is not null and zone.known ? o.timezone) as of_organisation,
         case when zone.known ? %(timezone)s then %(timezone)s::text end as of_all,
         array(select jsonb_populate_record(null::rekindle.variant, one.settings)
               from jsonb_array_elements(%(variants)s::jsonb) with ordinality as one (settings, position)
               order by one.position) as variants
  from zone
),
-- The zone is the first of these that is one: the person's own, the chapter's, the organisation's, the configuration's.
-- The variant is the scenario as it holds where the person is. It is taken out of an array by its number: joined, it could
-- be compared with every other one for each person (see claim.sql).
recipient as not materialized (
  select r.user_id, r.organisation_id, r.locale,
         case when (select known from place) ? r.timezone then r.timezone
              else coalesce((select of_chapter from place) ->> r.chapter_id::text,
                            (select of_organisation from place) ->> r.organisation_id::text,
                            (select of_all from place)) end as zone,
         to_jsonb(r) - '{user_id,organisation_id,chapter_id,timezone,locale,active}'::text[] as own,
         rekindle.variant_of((select variants from place), %(places)s::jsonb, r.organisation_id, r.chapter_id) as variant
  from rekindle_source.recipient r
  where r.active
    and (%(organisations)s::uuid[] = '{}' or r.organisation_id = any (%(organisations)s::uuid[]))
    and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
),
candidate as (
{candidates}
),
-- A person may be due for several occurrences: the most urgent one that is not spent. Recorded or unknown is spent. One
-- whom the view gives twice is judged by the same row every time.
choice as materialized (
  select distinct on (c.user_id) c.*
  from (
    select candidate.*,
           exists (select from rekindle.scenario_notification n
                   where n.user_id = candidate.user_id and n.scenario_type = %(scenario_type)s
                     and n.occurrence = candidate.occurrence)
           or exists (select from rekindle.outcome o
                      where o.user_id = candidate.user_id and o.scenario_type = %(scenario_type)s
                        and o.occurrence = candidate.occurrence and o.outcome = 'unknown') as spent
    from candidate
  ) c
  order by c.user_id, c.spent, c.rank, c.occurrence, c.zone, c.organisation_id, (c.variant).number
),
judged as materialized (
  select c.user_id, c.organisation_id, c.locale, c.occurrence, merged.variables,
         c.zone, c.variant, c.inactive_since_on,
         case
{refusals}
         end as refusal
  from choice c
  -- Full for their way of joining alone (see claim.sql).
  full join opted_out on opted_out.user_id = c.user_id
  full join wanted w on w.user_id = c.user_id
  left join rekindle.gate g on g.user_id = c.user_id and g.scenario_type = %(scenario_type)s
  left join rekindle.cap k on k.user_id = c.user_id and %(capped)s::boolean   -- else it is not looked up at all
  cross join lateral (select c.own || c.variables as variables) merged
  where (c.user_id is null) is false
),
device as materialized (
  select distinct on (d.user_id, id.device_id)
         d.user_id, id.device_id, d.target_kind, d.token as target
  from judged j
{devices}
  where j.refusal is null and {usable}
  order by d.user_id, id.device_id
),
verdict as (
  select j.user_id, j.organisation_id, j.locale, j.occurrence, j.variables, j.zone, j.variant, j.inactive_since_on,
         case when j.refusal is not null then j.refusal
              when owner.user_id is null then 'no_token' end as refusal
  from judged j
  -- Full for its way of joining alone (see claim.sql): every owner of a device was judged.
  full join (select distinct user_id from device) owner on owner.user_id = j.user_id
)
