-- A part of prune_notification.sql and prune_counts.sql: the notification is older than its
-- retention, and neither a claim that is live nor a cooldown that is not over needs it. arm.sql
-- looks for a record of another program with the key of a live claim.
n.dispatched_at < (select rekindle.clock() - make_interval(secs => %(notification_seconds)s::float8))
  and not exists (select from rekindle.outbox u
                  where u.user_id = n.user_id and u.scenario_type = n.scenario_type)  -- mutant: live-claims
  and not exists (select from rekindle.gate g
                  where g.user_id = n.user_id and g.scenario_type = n.scenario_type
                    and (g.inflight = n.id
                         or g.next_at > rekindle.clock()  -- mutant: cooldown-needs-it
                            and n.dispatched_at > rekindle.clock()
                                - make_interval(secs => coalesce(g.cooldown_seconds, 0))))
