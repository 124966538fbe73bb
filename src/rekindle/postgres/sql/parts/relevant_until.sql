-- A part of claim.sql, for a kind of scenario whose occasions do not end at a moment.
null::timestamptz
