-- In: scenario_types (empty: all). Out: every version of every scenario, oldest first, with who
-- applied it and when.
select scenario_type, version, definition, retired, applied_at, applied_by
from rekindle.scenario
where %(scenario_types)s::text[] = '{}' or scenario_type = any (%(scenario_types)s::text[])
order by scenario_type, version
