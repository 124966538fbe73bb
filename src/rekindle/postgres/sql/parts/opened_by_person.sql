-- A part of summary.sql, if the view `opened` names a person and a scenario in place of a claim. An
-- open counts for the last push of the scenario before it, also if the reader may not see that one.
select distinct push.claim_id
from (
  select n.id as claim_id, n.user_id, n.scenario_type, n.dispatched_at,
         lead(n.dispatched_at, 1, 'infinity') over (
           partition by n.user_id, n.scenario_type order by n.dispatched_at, n.id
         ) as next_at
  from rekindle.scenario_notification n
  where n.dispatched_at >= %(since)s
) push
join rekindle_source.opened o
  on o.user_id = push.user_id and o.scenario_type::text = push.scenario_type
  and o.opened_at >= %(since)s
  and o.opened_at >= push.dispatched_at and o.opened_at < push.next_at  -- mutant: opened-the-last
