-- In: user_id (null: everybody).
-- Out: the number of active recipients; of active recipients without a valid time zone (their own,
-- their chapter's or their organisation's); and of active recipients without a usable device token,
-- as the claim decides.
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
)
select coalesce(sum(g.people), 0)::bigint as recipients,
       coalesce(sum(g.people) filter (
         where rekindle.first_zone(g.of_person, g.of_chapter, g.of_organisation) is null), 0)::bigint as without_timezone,
       coalesce(sum(g.without_token), 0)::bigint as without_token
from (
  -- One group per combination of names, so that each name is looked up once.
  select r.timezone as of_person, chapter.timezone as of_chapter, organisation.timezone as of_organisation,
         count(*) as people, count(*) filter (where reachable.user_id is null) as without_token
  from rekindle_source.recipient r
  left join chapter on chapter.chapter_id = r.chapter_id
  left join organisation on organisation.organisation_id = r.organisation_id
  left join reachable on reachable.user_id = r.user_id
  where r.active
  group by 1, 2, 3
) g
