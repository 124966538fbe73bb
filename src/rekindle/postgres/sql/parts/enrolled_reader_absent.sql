-- A part of claim.sql, for a scenario with one text.
enrolled_reader as (
  select
),
