-- In: seed, recipients, at. Zero to three devices per mentor. A token has the length and alphabet
-- of an FCM token, but starts with "fake", and so does a Firebase Installation ID (kind fid).
insert into programme.push_tokens (token, mentor_id, kind, platform, last_seen_at)
select case when kind = 'fid' then 'fake' || pg_temp.letters(%(seed)s, 'device', n * 4 + d, 18)
            else 'fake' || pg_temp.letters(%(seed)s, 'device', n * 4 + d, 18) || ':APA91b'
                 || rpad('FAKE-token-of-the-sample-programme', 48, '-')
                 || pg_temp.letters(%(seed)s, 'token', n * 4 + d, 86) end,
       pg_temp.identity(%(seed)s, 'mentor', n),
       kind,
       case when platform < 0.48 then 'android' when platform < 0.94 then 'ios' else 'web' end,
       date_trunc('minute', coalesce(%(at)s::timestamptz, now())
         - interval '1 second' * (60 + 86400 * 265 * power(pg_temp.draw(%(seed)s, 'last seen', n * 4 + d), 4)), 'UTC')
from generate_series(1, %(recipients)s::bigint) as n
cross join lateral (select pg_temp.draw(%(seed)s, 'devices', n) as u) as drawn
cross join lateral generate_series(1, case when u < 0.08 then 0 when u < 0.78 then 1
                                           when u < 0.95 then 2 else 3 end) as d
cross join lateral (
  select case when pg_temp.draw(%(seed)s, 'kind', n * 4 + d) < 0.03 then 'fid' else 'token' end as kind,
         pg_temp.draw(%(seed)s, 'platform', n * 4 + d) as platform
) as device
