-- A part of prune_run.sql and prune_counts.sql: the run is older than its retention and has ended,
-- and it is neither the last run that evaluated a scenario, or tried to, nor the run of the last
-- instant of a schedule.
r.started_at < (select rekindle.clock() - make_interval(secs => %(run_seconds)s::float8))
  and r.status <> 'running'  -- mutant: still-running
  and r.run_id <> all (array(  -- mutant: last-evaluated
    select latest.run_id
    from (select distinct v.scenario_type from rekindle.scenario v) known
    cross join lateral (
      (select s.run_id from rekindle.run_scenario s
       where s.scenario_type = known.scenario_type and s.evaluated > 0 order by s.at desc limit 1)
      union all
      (select s.run_id from rekindle.run_scenario s
       where s.scenario_type = known.scenario_type and (s.fault is not null or s.evaluated > 0)
       order by s.at desc limit 1)
    ) latest))
  and not exists (select from rekindle.schedule s where s.last_at = r.due_at)  -- mutant: last-tick
