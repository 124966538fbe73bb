-- A part of refusal.sql and every_refusal.sql: the cooldown after the last push is not over.
gate.next_at > %(at)s::timestamptz
