-- A part of verdicts.sql and explain.sql: the gate of a person under a scenario that has always had
-- its name.
left join rekindle.gate on gate.user_id = person.user_id and gate.scenario_type = %(scenario_type)s
