-- A part of refusal.sql and every_refusal.sql: the person opted out of this scenario, or of all.
opted_out.user_id is not null
