-- A part of refusal.sql and every_refusal.sql: one more push would exceed a frequency cap, counting
-- the pushes already sent and those that outranking scenarios would claim.
(person.variant).cap_counts <> '{}'
  and (cap.user_id is not null or outranking.user_id is not null)
  and not rekindle.fits(coalesce(cap.counted, '{}'), coalesce(outranking.scenarios, 0),
                        (person.variant).cap_counts, (person.variant).cap_seconds, %(at)s::timestamptz)
