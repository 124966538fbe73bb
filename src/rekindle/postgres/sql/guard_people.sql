-- In: scenario_type and names (of the scenario), run_id, since (24 hours ago). It is a parameter,
-- so that the server knows how little of the history that is. The caller binds {claiming} to the
-- part that lists the people of this claim, and of the claims before it that are not committed.
-- Out: `own` and `total`: how many different people that makes with the claims of the last 24
-- hours, of this scenario and of all scenarios. A person counts once, however many claims or
-- scenarios. A claim counts while a push of it may still be sent, and once one was accepted or may
-- have been. A claim that ended with nothing sent does not count, so a broken record, an outage or
-- a key that is replaced cannot use up the limit. A claim that was confirmed does not count either.
-- Locks: none.
with claim as (
  select r.run_id, r.scenario_type
  from rekindle.run_scenario r
  where (r.claimed > 0 or r.recorded > 0 or r.unknown > 0)   -- as the index says
    and r.at > %(since)s::timestamptz
    and r.claimed > 0
    and r.confirmed = 0  -- mutant: confirmed-people-count
),
person as (
  select claiming.user_id, claiming.scenario_type from ({claiming}) claiming
  union all
  select o.user_id, o.scenario_type
  from claim
  join rekindle.outbox o on o.claimed_run_id = claim.run_id and o.scenario_type = claim.scenario_type
  union all
  select d.user_id, d.scenario_type
  from claim
  join rekindle.delivery d on d.claimed_run_id = claim.run_id and d.scenario_type = claim.scenario_type
  union all
  select o.user_id, o.scenario_type
  from claim
  join rekindle.outcome o on o.claimed_run_id = claim.run_id and o.scenario_type = claim.scenario_type
  where o.at > %(since)s::timestamptz
    and o.outcome in ('unknown', 'held_out')  -- mutant: unsent-counts
)
select count(distinct person.user_id) filter (where person.scenario_type = any (%(names)s::text[])) as own,
       count(distinct person.user_id) as total
from person
