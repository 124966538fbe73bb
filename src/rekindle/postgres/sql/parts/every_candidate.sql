-- A part of verdicts.sql, in place of not_over and not_too_old, where the scenario does not limit
-- the days of its occasions.
true
