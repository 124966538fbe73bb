-- A part of explain.sql: the number of activities of the person, due or not, and of those that do
-- not count; counted as in candidates.sql.
select jsonb_build_object('activities', count(*) filter (where happened.counts),
                          'not_counted', count(*) filter (where not happened.counts))
from rekindle_source.activity a
cross join lateral (
  select rekindle.happened(a.activity_date, %(at)s::timestamptz, 'UTC') as counts
) happened
where a.user_id = person.user_id
