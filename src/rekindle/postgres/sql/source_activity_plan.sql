-- Out: the plan of looking up one person's newest activity, with every other way made dear (the transaction sets
-- that): an index on (user_id, activity_date) shows as an index scan with both conditions and no sort, whatever the
-- team's tables and columns are called.
explain (format json)
select a.activity_date from rekindle_source.activity a
where a.user_id = '00000000-0000-0000-0000-000000000000' and a.activity_date > timestamptz '2000-01-01'
order by a.activity_date desc limit 1
