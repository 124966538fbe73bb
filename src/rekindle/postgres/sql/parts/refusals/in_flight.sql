-- A part of refusal.sql and every_refusal.sql: a claim of the person under this scenario is still
-- live.
gate.inflight is not null
