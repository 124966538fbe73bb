-- A part of verdicts.sql, if the team has no view `membership`: each person has one place.
occasion.spent,
