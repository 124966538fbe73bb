-- In: run_id, sees (the organisations that the reader is limited to; null: all), within_seconds.
-- Out: what the run covered (scenario_types, organisations, budget_seconds); `held`, whether the
-- guard halted it; `recent`, whether it ended in the last `within_seconds`; no row if there is no
-- such run, or the reader may not see it.
-- Locks: none.
select r.scenario_types, r.organisations, r.budget_seconds::float8 as budget_seconds,
       r.status = 'halted' and starts_with(r.halted_by, 'RK502:') as held,
       coalesce(r.finished_at > rekindle.clock() - make_interval(secs => %(within_seconds)s), false) as recent
from rekindle.run r
where {run_visible}
  and r.run_id = %(run_id)s
