select max(a.activity_date)::timestamptz as active_at
from rekindle_source.activity a
where a.user_id = page.user_id and a.activity_date <= rekindle.clock()
