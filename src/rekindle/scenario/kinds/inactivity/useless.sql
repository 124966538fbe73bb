-- A part of keep_spent.sql: the stages of an absence, once a push of a later absence was sent.
-- candidates.sql compares with the newest absence.
select named.user_id, named.scenario_type, named.occurrence
from (
  select absences.*, first_value(absences.absence) over (
           partition by absences.user_id, absences.scenario_type
           order by absences.evaluated_at desc) as newest  -- mutant: newest-absence
  from (
    select push.user_id, push.scenario_type, push.occurrence, push.evaluated_at,
           substring(push.occurrence from '^(inactive:[0-9]{4}-[0-9]{2}-[0-9]{2}:)[0-9]{1,4}d$') as absence
    from push
    where push.kind = 'inactivity'
  ) absences
  where absences.absence is not null
) named
where named.absence <> named.newest
