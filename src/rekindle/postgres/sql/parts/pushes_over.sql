-- A part of the statements that look back: records whose horizon is over, and a day for late
-- entries with it, the oldest first; up to `limit` per scenario. The newest row of a scenario in
-- rekindle.came_back says where to go on, so the work does not grow with what is known already. The
-- horizon and the outcome are those of the scenario's latest version. Of outcomes without a query
-- `outcome` is 'activity'; null: those with one.
select push.*, scenario.horizon_seconds, scenario.outcome
from (
  select distinct on (s.scenario_type) s.scenario_type,
         coalesce((s.definition #>> '{outcome,horizon}')::bigint, 1209600) as horizon_seconds,
         coalesce(s.definition #>> '{outcome,query}', 'activity') as outcome
  from rekindle.scenario s
  order by s.scenario_type, s.version desc
) scenario
cross join (select rekindle.clock() as at) moment
left join lateral (
  select c.dispatched_at, c.claim_id from rekindle.came_back c
  where c.scenario_type = scenario.scenario_type
  order by c.dispatched_at desc, c.claim_id desc
  limit 1
) latest on true
cross join lateral (
  select n.id as claim_id, n.user_id, n.scenario_type, n.dispatched_at,
         coalesce(n.cooldown_window_start, n.dispatched_at) as claimed_at
  from rekindle.scenario_notification n
  where n.scenario_type = scenario.scenario_type
    and (n.dispatched_at, n.id) > (coalesce(latest.dispatched_at, '-infinity'),
                                   coalesce(latest.claim_id, '00000000-0000-0000-0000-000000000000'))
    and n.dispatched_at < moment.at - make_interval(secs => scenario.horizon_seconds + 86400)  -- mutant: horizon-is-over
  order by n.dispatched_at, n.id
  limit %(limit)s
) push
where scenario.outcome = %(outcome)s or (%(outcome)s::text is null and scenario.outcome <> 'activity')  -- mutant: outcome-of-the-push
