-- In: scenario_type (null: all), organisation_id (null: all), turned ('on' or 'off'), reason,
-- actor (null: the login of this session).
-- Out: the switch's latest row, and `changed`, whether this statement wrote it. A switch that is in
-- this state already, for this reason, is not written again. Every claim and every arming that
-- begins after this is committed sees it.
-- Locks: none. Of two that turn one switch at the same moment, the later row is in force.
with latest as (
  select s.* from rekindle.switch s
  where s.scenario_type is not distinct from %(scenario_type)s::text
    and s.organisation_id is not distinct from %(organisation_id)s::uuid
  order by s.switch_id desc
  limit 1
),
turned as (
  insert into rekindle.switch (scenario_type, organisation_id, turned, reason, switched_by)
  select %(scenario_type)s, %(organisation_id)s, %(turned)s, %(reason)s, rekindle.signature(%(actor)s)
  where not exists (
    select from latest
    where latest.turned = %(turned)s and latest.reason is not distinct from %(reason)s::text  -- mutant: the-same-again
  )
  returning *
)
select switch_id, scenario_type, organisation_id, turned, reason, switched_at, switched_by, true as changed from turned
union all
select switch_id, scenario_type, organisation_id, turned, reason, switched_at, switched_by, false from latest
where not exists (select from turned)
