-- In: scenario_types (empty: all).
-- Out: every version of every scenario, oldest first, with the role that applied it and the time.
select scenario_type, version, definition, retired, applied_at, applied_by
from rekindle.scenario
where %(scenario_types)s::text[] = '{}' or scenario_type = any (%(scenario_types)s::text[])
order by scenario_type, version
