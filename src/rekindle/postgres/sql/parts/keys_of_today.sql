-- A part of already_today.sql and explain.sql: the idempotency keys of a person for this UTC date
-- (with `key = "occurrence"`, for this occurrence), by each name of the scenario.
array(select case
        when %(by_occurrence)s::boolean
          then rekindle.idempotency_key(person.user_id, each.name, %(evaluated_on)s::date, person.occurrence)
        else rekindle.idempotency_key(person.user_id, each.name, %(evaluated_on)s::date) end
      from unnest(%(names)s::text[]) as each (name))
