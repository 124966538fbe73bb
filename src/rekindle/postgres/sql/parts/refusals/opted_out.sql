-- A part of refusal.sql and every_refusal.sql: the person wants no nudge of this scenario, or none
-- at all.
opted_out.user_id is not null
