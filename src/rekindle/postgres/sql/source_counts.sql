-- In: user_id (null: everybody).
-- Out: the number of active recipients, as survey.sql counts them; of those without a valid time
-- zone (their own, their chapter's or their organisation's); of those without a usable device
-- token, as the claim decides; of those that the view lists several times; and of the active rows
-- without a person. Also the valid time zones that these rows, the chapters and the organisations
-- have.
-- For {chapter} and {organisation} see parts/verdicts.sql.
with chapter as (
  {chapter}
),
organisation as (
  {organisation}
),
registration as (
  {registrations}
),
owner as (
  select distinct on (registration.target) registration.target, registration.user_id
  from registration order by registration.target, {newest_first}
),
reachable as (
  select distinct person.user_id
  from (select distinct r.user_id from rekindle_source.recipient r where r.active) person
  {devices}
  join owner on owner.target = registered.target and owner.user_id = person.user_id
  where {usable}
),
-- Each name is checked once, not per person.
zone as (
  select coalesce(jsonb_object_agg(name.zone, true), '{}') as known
  from (
    select r.timezone from rekindle_source.recipient r where r.active
    union select chapter.timezone from chapter
    union select organisation.timezone from organisation
    offset 0
  ) as name (zone)
  where rekindle.is_zone(name.zone)
),
placed as (
  select distinct r.user_id
  from rekindle_source.recipient r
  {membership}
  left join chapter on chapter.chapter_id = membership.chapter_id
  left join organisation on organisation.organisation_id = membership.organisation_id
  where r.active and (select known from zone) ?| array[chapter.timezone, organisation.timezone]
),
person as (
  select r.user_id, count(*) as rows,
         bool_or(placed.user_id is not null or (select known from zone) ?| array[r.timezone]) as in_zone,
         bool_or(reachable.user_id is not null) as reachable
  from rekindle_source.recipient r
  left join placed on placed.user_id = r.user_id
  left join reachable on reachable.user_id = r.user_id
  where r.active
  group by r.user_id
)
select count(person.user_id) as recipients,
       count(person.user_id) filter (where not person.in_zone) as without_timezone,
       count(person.user_id) filter (where not person.reachable) as without_token,
       count(person.user_id) filter (where person.rows > 1) as repeated,
       coalesce(sum(person.rows) filter (where person.user_id is null), 0)::bigint as rows_without_person,
       array(select jsonb_object_keys(zone.known) from zone order by 1) as zones
from person
