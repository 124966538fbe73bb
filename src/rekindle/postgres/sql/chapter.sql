-- A part of verdicts.sql: the zone of each chapter, where the team has such a view; it may lack the column.
select distinct on (c.chapter_id) c.chapter_id, to_jsonb(c) ->> 'timezone' as timezone
from rekindle_source.chapter c
order by c.chapter_id
