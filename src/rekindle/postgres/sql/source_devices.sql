-- In: stale_seconds.
-- Out: the number of tokens that several people have, and of these people; the number of devices
-- that were registered last more than `stale_seconds` ago; and by name the number
-- of devices of each kind that is not known. Names that may be anything else, such as a token, are
-- counted as "other".
-- Locks: none.
-- Never: a token.
select shared.tokens as shared_tokens, shared.people as sharing_people, stale.devices as stale,
       unknown.kinds as unknown_kinds
from (
  select count(*) as tokens, coalesce(sum(token.people), 0)::bigint as people
  from (
    select count(distinct d.user_id) as people
    from rekindle_source.device_token d
    where d.token is not null
    group by rekindle.trimmed(d.token::text)
    having count(distinct d.user_id) > 1 and rekindle.trimmed(d.token::text) <> ''
  ) token
) shared
cross join (
  select count(*) as devices
  from rekindle_source.device_token d
  where rekindle.registered_at(d.last_registered_at) > '-infinity'
    and rekindle.registered_at(d.last_registered_at) < rekindle.clock() - make_interval(secs => %(stale_seconds)s)
) stale
cross join (
  select coalesce(jsonb_object_agg(kind.name, kind.devices), '{}') as kinds
  from (
    select case when d.target_kind is null then 'null'
                when d.target_kind ~ '^[A-Za-z][A-Za-z0-9_-]{0,19}$' then d.target_kind::text
                else 'other' end as name,
           count(*) as devices
    from rekindle_source.device_token d
    where d.target_kind is null or d.target_kind not in ('token', 'fid')
    group by 1
    order by 2 desc, 1
    limit 10
  ) kind
) unknown
