-- A part of refusal.sql and every_refusal.sql: the person's local time is outside of the variant's
-- window for pushes.
not rekindle.is_send_hour(
  %(at)s::timestamptz, person.zone, (person.variant).send_from, (person.variant).send_until)
