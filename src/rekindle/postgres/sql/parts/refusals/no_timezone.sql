-- A part of refusal.sql and every_refusal.sql: quiet hours, weekdays or a window for pushes apply,
-- and no valid time zone is known.
person.zone is null
  and ((person.variant).quiet_from is not null or (person.variant).weekdays <> '{}'
       or (person.variant).send_from is not null)
