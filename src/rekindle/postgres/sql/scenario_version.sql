-- In: scenario_type, version.
-- Out: definition. A version never changes, so the caller may cache the answer.
select definition from rekindle.scenario where scenario_type = %(scenario_type)s and version = %(version)s
