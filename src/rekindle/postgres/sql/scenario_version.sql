-- In: scenario_type, version. Out: definition. Versions never change, so the answer may be kept.
select definition from rekindle.scenario where scenario_type = %(scenario_type)s and version = %(version)s
