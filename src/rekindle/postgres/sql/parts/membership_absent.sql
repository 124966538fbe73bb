-- A part of verdicts.sql and others, if the team has no view `membership`: each person of `r` has
-- one place, that of the recipient view.
cross join lateral (select r.organisation_id, r.chapter_id, 0 as position) membership
