-- A part of verdicts.sql, if the team has no view `membership`: the home is the only place.
null,
