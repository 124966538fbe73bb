-- A part of already_today.sql, while no trial runs.
or false
