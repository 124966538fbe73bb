-- In: nothing.
-- Out: one row. `per_person`: how many people have 1, 2, 3 … pushes in the time that is asked
-- about. `most_in_7` and `most_in_30`: the most pushes of one person in any 7 or 30 days.
with counted as materialized (
  select replayed.user_id, replayed.at from pg_temp.rekindle_replayed replayed where replayed.counted
)
select coalesce((
         select jsonb_object_agg(load.pushes, load.people)
         from (
           select person.pushes, count(*) as people
           from (select count(*) as pushes from counted group by counted.user_id) person
           group by person.pushes
         ) load
       ), '{}') as per_person,
       coalesce(max(busy.in_7), 0) as most_in_7, coalesce(max(busy.in_30), 0) as most_in_30
from (
  select count(*) over (partition by counted.user_id order by counted.at
                        range between interval '7 days' - interval '1 microsecond' preceding and current row) as in_7,
         count(*) over (partition by counted.user_id order by counted.at
                        range between interval '30 days' - interval '1 microsecond' preceding and current row) as in_30
  from counted
) busy
