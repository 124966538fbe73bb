-- A part of claim.sql, while no trial runs.
enrolled as (
  select
),
