-- A part of verdicts.sql, explain.sql and source_counts.sql: the time zone of each chapter. The
-- view may lack the column: `timezone` without an alias is then that of `absent`, which is outside.
-- No other column of the view is read, so none can fail. For one person (user_id) only their
-- chapter is read: reading all of them took 16 times as long (75,000 chapters). It says
-- `= any (array(…))` and not `in (…)`, because after an OR only the former can use an index.
select distinct on (one.chapter_id) one.chapter_id, one.timezone
from (select null::text as timezone) absent
cross join lateral (
  select c.chapter_id, timezone::text as timezone
  from rekindle_source.chapter c
  where %(user_id)s::uuid is null
     or c.chapter_id = any (array(
          select unnest(array[r.chapter_id, membership.chapter_id])
          from rekindle_source.recipient r
          {membership}
          where r.user_id = %(user_id)s::uuid))
) one
order by one.chapter_id, one.timezone
