-- A part of prune_outcome.sql and prune_counts.sql: the outcome is older than its retention, its
-- claim is not live, and no cooldown that is not over needs it.
o.at < (select rekindle.clock() - make_interval(secs => %(outcome_seconds)s::float8))
  and not exists (select from rekindle.gate g
                  where g.user_id = o.user_id and g.scenario_type = o.scenario_type
                    and (g.inflight = o.claim_id
                         or g.next_at > rekindle.clock()  -- mutant: cooldown-needs-it
                            and o.outcome in ('unknown', 'held_out')
                            and o.at > rekindle.clock() - make_interval(secs => o.cooldown_seconds)))
