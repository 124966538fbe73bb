-- Out: the plan of looking up one person's newest activity, and of going through the people in
-- order, with every other way made dear (the transaction sets that): an index on (user_id,
-- activity_date) shows as index scans with both conditions and no sort, whatever the team's tables
-- and columns are called. The first alone would take an index on (activity_date, user_id) for one,
-- the second alone an index with another column between.
explain (format json)
(
  select a.activity_date from rekindle_source.activity a
  where a.user_id = '00000000-0000-0000-0000-000000000000' and a.activity_date > timestamptz '2000-01-01'
  order by a.activity_date desc limit 1
)
union all
(
  select a.activity_date from rekindle_source.activity a
  where a.user_id > '00000000-0000-0000-0000-000000000000' and a.activity_date > timestamptz '2000-01-01'
  order by a.user_id limit 1
)
