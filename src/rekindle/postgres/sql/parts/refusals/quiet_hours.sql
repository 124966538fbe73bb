-- A part of refusal.sql and every_refusal.sql: where the person is, it is within the variant's
-- quiet hours.
rekindle.is_quiet(%(at)s::timestamptz, person.zone,
                  (person.variant).quiet_from, (person.variant).quiet_until)
