-- A part of verdicts.sql, arm.sql and source_opt_outs.sql: people who opted out of one scenario, or
-- of all (scenario_type null). This is the only place that reads such a name. Blanks around it and
-- its case do not matter. An empty name, `all` and `*` mean all, because a push
-- that nobody wants is the worse mistake.
-- The collation is fixed, because in Turkish the lower case of I is not i.
select p.user_id, nullif(nullif(nullif(name.given, ''), 'all'), '*') as scenario_type  -- mutant: opted-out-of-all
from rekindle_source.preference p
cross join lateral (
  select lower(btrim(p.scenario_type, E' \t\n\r\f\x0b' || chr(160)) collate "C") as given  -- mutant: opted-out-name
) name
where p.opted_out
