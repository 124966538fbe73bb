-- Out: how many active recipients there are; how many of them have no usable time zone, nor their chapter or organisation;
-- and how many have no device token. {chapter} and {organisation}: see verdicts.sql.
with chapter as (
{chapter}
),
organisation as (
{organisation}
)
select count(*) as recipients,
       count(*) filter (where rekindle.first_zone(r.timezone, chapter.timezone, organisation.timezone) is null)
         as without_timezone,
       count(*) filter (where not exists (
         select from rekindle_source.device_token d where d.user_id = r.user_id and d.token <> '')) as without_token
from rekindle_source.recipient r
left join chapter on chapter.chapter_id = r.chapter_id
left join organisation on organisation.organisation_id = r.organisation_id
where r.active
