-- A part of prune_notification.sql and prune_outcome.sql: the occurrences of the pushes that leave
-- (`gone`) go into rekindle.spent, in the same statement, so that every reader sees each of them in
-- one place or the other. Those that a later push makes useless are left out, and removed if they
-- are there. Each kind says which (useless.sql in its folder). An unknown outcome makes nothing
-- useless, because an operator may still settle it as not sent.
person as (
  select distinct gone.user_id, gone.scenario_type from gone where gone.occurrence is not null
),
kind as (
  select distinct on (v.scenario_type) v.scenario_type, v.definition ->> 'kind' as kind
  from rekindle.scenario v order by v.scenario_type, v.version desc
),
push as materialized (
  select had.*, kind.kind
  from (
    select person.user_id, person.scenario_type, sent.occurrence, sent.evaluated_at
    from person
    cross join lateral (
      select n.occurrence, coalesce(n.cooldown_window_start, n.dispatched_at) as evaluated_at
      from rekindle.scenario_notification n
      where n.user_id = person.user_id and n.scenario_type = person.scenario_type and n.occurrence is not null
      union all
      select s.occurrence, s.evaluated_at
      from rekindle.spent s
      where s.user_id = person.user_id and s.scenario_type = person.scenario_type
      offset 0  -- person by person, by index; otherwise Postgres may read both tables as a whole
    ) sent
    union
    select gone.user_id, gone.scenario_type, gone.occurrence, gone.evaluated_at
    from gone where gone.occurrence is not null
  ) had
  left join kind on kind.scenario_type = had.scenario_type
),
useless as (
  select distinct of_kind.user_id, of_kind.scenario_type, of_kind.occurrence
  from (
    {kinds/*/useless}
  ) of_kind
),
kept as (
  insert into rekindle.spent as s (user_id, scenario_type, occurrence, evaluated_at, at)
  select gone.user_id, gone.scenario_type, gone.occurrence, max(gone.evaluated_at), max(gone.at)
  from gone
  where gone.occurrence is not null
    and not exists (select from useless
                    where useless.user_id = gone.user_id and useless.scenario_type = gone.scenario_type
                      and useless.occurrence = gone.occurrence)
  group by gone.user_id, gone.scenario_type, gone.occurrence
  order by gone.user_id, gone.scenario_type, gone.occurrence
  on conflict (user_id, scenario_type, occurrence) do update
    set evaluated_at = greatest(s.evaluated_at, excluded.evaluated_at), at = greatest(s.at, excluded.at)
),
forgotten as (
  delete from rekindle.spent s using useless
  where s.user_id = useless.user_id and s.scenario_type = useless.scenario_type
    and s.occurrence = useless.occurrence
  returning 1
)
