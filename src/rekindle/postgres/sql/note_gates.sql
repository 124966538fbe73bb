-- In: tolerance_seconds.
-- Out: people and until: gates that open later than a whole cooldown from now. No claim and no
-- record makes such a gate, so the clock was ahead when it was written.
select count(*) as people, max(g.next_at) as until
from rekindle.gate g
where g.next_at > rekindle.clock()
      + make_interval(secs => coalesce(g.cooldown_seconds, 0) + %(tolerance_seconds)s::float8)
