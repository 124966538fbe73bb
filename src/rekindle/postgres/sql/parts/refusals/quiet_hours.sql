-- A part of refusal.sql and every_refusal.sql: the person's local time is within the variant's
-- quiet hours.
rekindle.is_quiet(%(at)s::timestamptz, person.zone,
                  (person.variant).quiet_from, (person.variant).quiet_until)
