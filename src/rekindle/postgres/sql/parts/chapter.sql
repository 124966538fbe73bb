-- A part of verdicts.sql, explain.sql and source_counts.sql: the zone of each chapter; the view may
-- lack the column. For one person (user_id) only their own chapter is read: to read all of them
-- took 16 times as long (75,000 chapters). `= any (array(…))` and not `in (…)`: after an OR, only
-- the former can use an index.
select distinct on (c.chapter_id) c.chapter_id, to_jsonb(c) ->> 'timezone' as timezone
from rekindle_source.chapter c
where %(user_id)s::uuid is null
   or c.chapter_id = any (array(
        select r.chapter_id from rekindle_source.recipient r where r.user_id = %(user_id)s::uuid))
order by c.chapter_id
