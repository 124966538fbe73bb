-- A part of refusal.sql, in place of weekday, quiet_hours and send_hour, where people are compared
-- without the hour.
false
