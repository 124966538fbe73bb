-- A part of told.sql and alone.sql: when the person of a row of `page` was last active.
select max(a.activity_date)::timestamptz as active_at
from rekindle_source.activity a
where a.user_id = page.user_id and a.activity_date <= rekindle.clock()
