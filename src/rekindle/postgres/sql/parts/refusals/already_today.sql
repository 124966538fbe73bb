-- A part of refusal.sql and every_refusal.sql: the idempotency key of this person, scenario and UTC
-- date is recorded.
exists (select from rekindle.scenario_notification n
        where n.idempotency_key
            = rekindle.idempotency_key(person.user_id, %(scenario_type)s, %(evaluated_on)s::date))
