-- A part of prune_enrolment.sql and prune_counts.sql: the trial was over longer ago than enrolments
-- are kept.
least(t.ended_at, t.agreed_at) < (select rekindle.clock() - make_interval(secs => %(enrolment_seconds)s::float8))
