-- In: seed, recipients. Few people ever open this page. Some opted out of everything, some of one
-- topic, and some turned a topic off and on again.
insert into programme.notification_settings (mentor_id, topic, muted)
select pg_temp.identity(%(seed)s, 'mentor', n),
       case when u >= 0.012
            then pg_temp.choose(pg_temp.draw(%(seed)s, 'topic', n), array['inactivity', 'milestone', 'expiry']) end,
       u < 0.03
from generate_series(1, %(recipients)s::bigint) as n
cross join lateral (select pg_temp.draw(%(seed)s, 'settings', n) as u) as drawn
where u < 0.04
