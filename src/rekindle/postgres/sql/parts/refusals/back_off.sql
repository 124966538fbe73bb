-- A part of refusal.sql and every_refusal.sql: the person did not come back after the last two
-- pushes. Each further push waits a multiple of the wait before it.
(person.variant).back_off is not null  -- mutant: back-off
  and rekindle.backed_off_until(person.user_id, %(names)s::text[], person.absence, person.variant)
      > %(at)s::timestamptz
