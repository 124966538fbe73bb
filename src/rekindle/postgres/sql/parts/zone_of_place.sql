-- A part of verdicts.sql, if the team has a view `membership`: the time zone of the place, for
-- people whose home gives none.
(select of_chapter from place) ->> membership.chapter_id::text,
(select of_organisation from place) ->> membership.organisation_id::text,
