-- A part of keep_spent.sql: the marks below the highest one, of a number and of a sum separately.
-- candidates.sql compares with the highest.
select named.user_id, named.scenario_type, named.occurrence
from (
  select marks.*, max(marks.mark) over (partition by marks.user_id, marks.scenario_type, marks.of_sum) as highest
  from (
    select push.user_id, push.scenario_type, push.occurrence,
           starts_with(push.occurrence, 'milestone:sum:') as of_sum,
           substring(push.occurrence from '^milestone:(?:sum:)?([0-9]{1,9})$')::int as mark
    from push
    where push.kind = 'milestone'
  ) marks
) named
where named.mark < named.highest
