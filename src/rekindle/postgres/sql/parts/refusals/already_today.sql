-- A part of refusal.sql and every_refusal.sql: the idempotency key of this person, scenario and UTC
-- date is recorded; with `key = "occurrence"`, that of this occurrence.
(exists (select from rekindle.scenario_notification n
        where n.idempotency_key = case
          when %(by_occurrence)s::boolean  -- mutant: key-of-today
            then rekindle.idempotency_key(
                   person.user_id, %(scenario_type)s, %(evaluated_on)s::date, person.occurrence)
          else rekindle.idempotency_key(person.user_id, %(scenario_type)s, %(evaluated_on)s::date) end
        offset 0)  -- by the index, as in spent.sql
  -- A scenario that was renamed has a key by each of its names.
  or cardinality(%(names)s::text[]) > 1 and exists (  -- mutant: renamed-today
    select from rekindle.scenario_notification n where n.idempotency_key = any ({keys_of_today}))
{held_out_today})
