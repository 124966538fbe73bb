-- A part of verdicts.sql, if the team has a view `membership`: which place of a person counts. It
-- is the first one where the scenario is on and an occurrence is not spent, the home before the
-- others.
{closed},  -- mutant: open-place
occasion.spent,
occasion.position,  -- mutant: home-first
occasion.organisation_id, occasion.chapter_id,
