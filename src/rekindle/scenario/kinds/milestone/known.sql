-- A part of explain.sql: the number of activities of the person, due or not, what they add up to,
-- and the number of those that do not count; counted as in candidates.sql.
select jsonb_build_object('of_sum', %(named)s::text = 'milestone:sum:',
                          'activities', count(*) filter (where ordered.counts),
                          'total', {kinds/milestone/total} filter (where ordered.counts),
                          'without_amount', count(*) filter (where ordered.counts and ordered.amount is null),
                          'not_counted', count(*) filter (where not ordered.counts))
from (
  select happened.counts, {kinds/milestone/amount} as amount
  from rekindle_source.activity a
  cross join lateral (
    select rekindle.happened(a.activity_date, %(at)s::timestamptz, 'UTC') as counts
  ) happened
  where a.user_id = person.user_id
) ordered
