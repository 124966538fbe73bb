-- A part of verdicts.sql, explain.sql and source_counts.sql: the time zone of each chapter. The
-- view may lack the column. For one person (user_id) only their chapter is read: reading all of
-- them took 16 times as long (75,000 chapters). It says `= any (array(…))` and not `in (…)`,
-- because after an OR only the former can use an index.
select distinct on (c.chapter_id) c.chapter_id, to_jsonb(c) ->> 'timezone' as timezone
from rekindle_source.chapter c
where %(user_id)s::uuid is null
   or c.chapter_id = any (array(
        select r.chapter_id from rekindle_source.recipient r where r.user_id = %(user_id)s::uuid))
order by c.chapter_id
