-- A part of candidates.sql, in place of reached_on, if the day does not matter.
null::date
