-- A part of prune_spent.sql and prune_counts.sql: the occurrence was sent longer ago than
-- occurrences are kept (null: for ever), and its scenario is of a kind whose occasions pass
-- (`ScenarioKind.lasting`).
s.at < (select rekindle.clock() - make_interval(secs => %(spent_seconds)s::float8))
  and s.scenario_type = any (array(
    select latest.scenario_type
    from (select distinct on (v.scenario_type) v.scenario_type, v.definition ->> 'kind' as kind
          from rekindle.scenario v order by v.scenario_type, v.version desc) latest
    where latest.kind <> all (%(lasting_kinds)s::text[])))  -- mutant: marks-do-not-pass
