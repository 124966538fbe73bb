-- Out: how many active recipients there are, without a usable time zone, and without a device token.
select count(*) as recipients,
       count(*) filter (where rekindle.zone_or(r.timezone, '') = '') as without_timezone,
       count(*) filter (where not exists (
         select from rekindle_source.device_token d where d.user_id = r.user_id and d.token <> '')) as without_token
from rekindle_source.recipient r
where r.active
