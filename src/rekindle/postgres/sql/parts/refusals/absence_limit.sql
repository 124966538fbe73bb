-- A part of refusal.sql and every_refusal.sql: the person has had as many nudges in this absence as
-- the variant allows.
(person.variant).absence_limit is not null and (
  select count(distinct sent.occurrence)
  from (
    select n.occurrence from rekindle.scenario_notification n
    where n.user_id = person.user_id and n.scenario_type = %(scenario_type)s
    union all
    select o.occurrence from rekindle.outcome o
    where o.user_id = person.user_id and o.scenario_type = %(scenario_type)s and o.outcome = 'unknown'
  ) sent
  where starts_with(sent.occurrence, 'inactive:' || person.inactive_since_on || ':')
) >= (person.variant).absence_limit
