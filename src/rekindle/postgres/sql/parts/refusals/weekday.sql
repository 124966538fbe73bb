-- A part of refusal.sql and every_refusal.sql: today, in the person's local time, is not one of the
-- variant's weekdays.
not rekindle.is_weekday(%(at)s::timestamptz, person.zone, (person.variant).weekdays)
