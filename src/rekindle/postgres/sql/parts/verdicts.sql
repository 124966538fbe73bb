-- A part of claim.sql, claimants.sql, plan.sql, stage_outranking.sql and explain.sql, so that all
-- of them decide by the same text. It ends with two CTEs. `verdict` has one row per person who is
-- due, with the reason for a refusal (null: to be claimed), the scope of the trial that holds the
-- person out (null: none does), and the text of their arm in a text trial (null: they are in none).
-- `device` has the devices to send to.
-- The caller binds {candidates} to the candidates of the scenario's kind. It binds {chapter},
-- {organisation}, {preference} and {outranking} to the part of that name, or to its `_absent` twin
-- where there is no such view or table.
--
-- The number of people who are due cannot be estimated. If the planner expects only a few, it may
-- choose a nested loop and compare everybody with everybody: 7.6 s for 9,339 of 40,000 people,
-- where a hash or merge join takes 0.6 s. This part, claim.sql and plan.sql therefore use two
-- tricks. First, FULL JOIN: Postgres cannot run one as a nested loop. Second,
-- `(x is null) is false` in its WHERE. `x is not null` means the same, but the planner understands
-- it and turns the FULL JOIN into an inner join.
with chapter as (
  {chapter}
),
organisation as (
  {organisation}
),
-- Not materialized, because explain.sql reads it twice, each time for one person.
preference as not materialized (
  {preference}
),
switched_off as (
  -- The newest row of everything, and of the scenario by any of its names, for each organisation.
  select bool_or(latest.organisation_id is null) as everybody,
         array_agg(latest.organisation_id) filter (where latest.organisation_id is not null) as organisations
  from (
    select distinct on (s.scenario_type is null, s.organisation_id) s.organisation_id, s.turned
    from rekindle.switch s
    where s.scenario_type is null or s.scenario_type = any (%(names)s::text[])  -- mutant: renamed-switch
    order by s.scenario_type is null, s.organisation_id, s.switch_id desc
  ) latest
  where latest.turned = 'off'
),
opted_out as (
  select distinct preference.user_id
  from preference
  where (preference.scenario_type is null
         or preference.scenario_type = any (%(names)s::text[]))  -- mutant: renamed-opt-out
    and (%(user_id)s::uuid is null or preference.user_id = %(user_id)s::uuid)
),
outranking as (
  {outranking}
),
-- Each name is checked once, not per person: ten checks per person were most of the time of a
-- claim. The results are in maps, because a join to all chapters could become a nested loop.
zone as (
  select jsonb_object_agg(name.zone, true) as known
  from (
    select r.timezone from rekindle_source.recipient r
    where r.active and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
    union select chapter.timezone from chapter
    union select organisation.timezone from organisation
    union select %(timezone)s::text
    offset 0   -- otherwise the condition moves below the UNION and runs before the names are made distinct
  ) as name (zone)
  where rekindle.is_zone(name.zone)
),
place as (
  select zone.known,
         (select jsonb_object_agg(chapter.chapter_id, chapter.timezone) from chapter
          where chapter.chapter_id is not null and zone.known ? chapter.timezone) as of_chapter,
         (select jsonb_object_agg(organisation.organisation_id, organisation.timezone) from organisation
          where organisation.organisation_id is not null and zone.known ? organisation.timezone) as of_organisation,
         case when zone.known ? %(timezone)s then %(timezone)s::text end as of_all,
         array(select jsonb_populate_record(null::rekindle.variant, variant.settings)
               from jsonb_array_elements(%(variants)s::jsonb) with ordinality as variant (settings, position)
               order by variant.position) as variants
  from zone
),
-- One row per person and place. The zone is the first valid one of: the person's own, the home
-- chapter's, the home organisation's, the place's chapter's and organisation's, the
-- configuration's. The variant is the scenario as it applies at the place. It is read from
-- an array by its number: a join could compare every variant with each person. Columns of the view
-- that the contract does not name become variables. A kind that needs one takes it from source_row:
-- the planner reads only that column, and extra_columns would take ten times as long.
recipient as (
  select r.user_id, membership.organisation_id, membership.chapter_id, membership.position, r.locale,
         case when (select known from place) ? r.timezone then r.timezone
              else coalesce((select of_chapter from place) ->> r.chapter_id::text,
                            (select of_organisation from place) ->> r.organisation_id::text,
                            {zone_of_place}
                            (select of_all from place)) end as zone,
         {own_columns} - '{user_id,organisation_id,chapter_id,timezone,locale,active,external_id}'::text[]
           as extra_columns,
         rekindle.variant_of((select variants from place), %(places)s::jsonb, membership.organisation_id,
                             membership.chapter_id) as variant,
         r as source_row
  from rekindle_source.recipient r
  {membership}
  where r.active
    and (%(organisations)s::uuid[] = '{}' or membership.organisation_id = any (%(organisations)s::uuid[]))
    and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
),
found as (
  {candidates}
),
-- Without the keys that limit the days of occasions, both conditions are `every_candidate`.
candidate as (
  select found.* from found
  where {not_over}
    and {not_too_old}
),
-- What the texts need of the variables, by number; see `requirements.py`. Each is a condition on
-- the object of variables.
need as (
  select %(present)s::jsonpath[] as present, %(fitting)s::jsonpath[] as fitting
),
-- A person may be due at several places and for several occurrences. The first place counts where
-- the scenario is on and an occurrence is not spent: the home, then the others by organisation and
-- chapter. At it the most urgent one counts. An occurrence is spent once it is recorded or unknown,
-- also after a prune, whatever the place. A digest covers the others with it: the caller binds the
-- parts `occasion` and `variables` to their twins. If the view lists a person twice, every
-- evaluation takes the same row. Materialized because a claim took 1.05 to 1.08 times the processor
-- time when it was inlined (300,000 people).
due as materialized (
  select distinct on (occasion.user_id)  -- mutant: one-row-per-person
         occasion.user_id, occasion.organisation_id, occasion.chapter_id, occasion.position, occasion.locale,
         occasion.zone, occasion.variant, occasion.absence, occasion.inactive_since_on, occasion.occurrence,
         occasion.other_occurrences, occasion.spent,
         {variables} as variables,  -- mutant: readable
         coalesce(((occasion.variant).texts ->> occasion.locale)::int, (occasion.variant).text) as text
  from (
    {occasion}
  ) occasion
  order by occasion.user_id,
           {first_place}
           occasion.rank, occasion.occurrence, occasion.zone, occasion.organisation_id, (occasion.variant).number
),
-- The verdict without the devices.
policy_verdict as (
  select person.user_id, person.organisation_id, person.chapter_id, person.locale, person.occurrence,
         person.other_occurrences, person.variables, person.zone, person.variant, person.absence,
         person.inactive_since_on,
         {refusal} as refusal
  from due person
  -- FULL JOIN only to rule out a nested loop. Both act as left joins from the people who are due.
  full join opted_out on opted_out.user_id = person.user_id
  full join outranking on outranking.user_id = person.user_id
  {gate}
  {cap}
  where (person.user_id is null) is false
),
-- CASE around `is null` corrects the planner's estimate. For `is null` alone it expects one person
-- in 200, here one person. If no index serves the view of devices, it then reads all devices once
-- per person: 36,000,000 comparisons for 6,000 people took 4.1 s, now 0.4 s.
usable_device as (
  select distinct on (person.user_id, id.device_id)  -- mutant: one-unit-per-device
         person.user_id, id.device_id, device_token.target_kind, registered.target,
         rekindle.registered_at(device_token.last_registered_at) as registered_at,
         (person.variant).device_count as most
  from policy_verdict person
  {devices}
  where case when person.refusal is null then true end
    and {usable}
    and {fresh}
  order by person.user_id, id.device_id, registered_at desc
),
registration as (
  {registrations}
),
-- One row per device, however many people have it: a token such as "null" may be everybody's.
device_owner as (
  select distinct on (used.device_id) used.device_id, registration.user_id
  from (select distinct usable_device.device_id, usable_device.target from usable_device) used
  -- FULL JOIN only to rule out a nested loop. It acts as an inner join.
  full join registration on registration.target = used.target
  where (used.device_id is null) is false and (registration.target is null) is false
  order by used.device_id, {newest_first}
),
owned_device as (
  select usable_device.*
  from usable_device
  -- FULL JOIN only to rule out a nested loop, and CASE, so that the planner keeps it. It acts as an
  -- inner join.
  full join device_owner on device_owner.device_id = usable_device.device_id
  where case when device_owner.user_id = usable_device.user_id then true end  -- mutant: one-owner
),
device as (
  {newest_devices}
),
judged as (
  select person.user_id, person.organisation_id, person.chapter_id, person.locale, person.occurrence,
         person.other_occurrences, person.variables, person.zone, person.variant, person.inactive_since_on,
         case when person.refusal is not null then person.refusal
              when owner.user_id is null then 'no_token' end as refusal
  from policy_verdict person
  -- FULL JOIN only to rule out a nested loop. It acts as a left join: every owner of a device has a
  -- verdict.
  full join (select distinct device.user_id from device) owner on owner.user_id = person.user_id
),
-- The arm comes last: both arms of a trial would be claimed now. The caller binds `assigned` to its
-- `_absent` twin while no trial runs, and `worded` to its own for a scenario with one text.
assigned as (
  {assigned}
),
verdict as (
  {worded}
)
