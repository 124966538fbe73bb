-- A part of already_today.sql: a trial has held the person out of a push of this UTC date, which
-- counts as a push.
or exists (select from rekindle.outcome o
           where o.outcome = 'held_out'  -- mutant: held-out-today
             and o.idempotency_key = any ({keys_of_today}))
