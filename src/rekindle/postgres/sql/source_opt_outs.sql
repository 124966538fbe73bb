-- In: names of scenarios.
-- Out: one row, in people who opted out: `everything`, of all scenarios; `known`, of a name in
-- `names`; `unknown`, of any other name. `names_unknown`: these other names, each with its people,
-- at most 20, the most frequent first. For {preference} see parts/preference.sql.
with preference as (
  {preference}
),
wish as (
  select preference.user_id, preference.scenario_type,
         preference.scenario_type is not null and preference.scenario_type <> all (%(names)s::text[]) as unknown
  from preference
)
select count(distinct user_id) filter (where scenario_type is null) as everything,
       count(distinct user_id) filter (where not unknown and scenario_type is not null) as known,
       count(distinct user_id) filter (where unknown) as unknown,
       coalesce((
         select jsonb_agg(jsonb_build_array(frequent.name, frequent.people)
                          order by frequent.people desc, frequent.name)
         from (
           select left(wish.scenario_type, 100) as name, count(distinct wish.user_id) as people
           from wish where wish.unknown
           group by 1
           order by people desc, name
           limit 20
         ) frequent
       ), '[]') as names_unknown
from wish
