-- A part of verdicts.sql and source_counts.sql: the zone of each chapter; the view may lack the
-- column.
select distinct on (c.chapter_id) c.chapter_id, to_jsonb(c) ->> 'timezone' as timezone
from rekindle_source.chapter c
order by c.chapter_id
