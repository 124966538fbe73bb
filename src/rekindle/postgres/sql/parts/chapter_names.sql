-- A part of place_names.sql: the name of each chapter asked for. The view may lack the
-- column, or give it any type. If the view lists one twice, the first name counts.
select distinct on (chapter.chapter_id) chapter.chapter_id as id,
       left(to_jsonb(chapter) ->> 'name', %(chars)s + 1) as name
from rekindle_source.chapter
where chapter.chapter_id = any (%(chapter_ids)s::uuid[])
order by chapter.chapter_id, name nulls last
