-- A part of claim.sql: the beginning of the event.
(claimed.variables ->> 'starts_at')::timestamptz
