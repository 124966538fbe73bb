-- In: nothing.
-- Out: the plan for two queries: one person's newest activity, and all people in order. The
-- transaction has made every other access expensive. So an index on (user_id, activity_date) shows
-- as index scans with both conditions and no sort, whatever the names of the team's tables and
-- columns are. The first query alone would also accept an index on (activity_date, user_id). The
-- second alone would also accept an index with another column between the two.
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
