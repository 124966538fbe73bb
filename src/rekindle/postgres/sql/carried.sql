-- In: names, the earlier names of a scenario that is to be renamed.
-- Out: one row: what counts under the new name: `records`, the pushes that are recorded or may have
-- been sent, and those whose record was pruned; `cooldowns` that are not over; `live` claims; and
-- `opt_outs`, in people.
-- The caller binds {preference} to the part of that name, or to its `_absent` twin.
-- Locks: none.
with preference as (
  {preference}
)
select (select count(*) from rekindle.scenario_notification n where n.scenario_type = any (%(names)s::text[]))
       + (select count(distinct o.claim_id) from rekindle.outcome o
          where o.outcome = 'unknown' and o.scenario_type = any (%(names)s::text[]))
       + (select count(*) from rekindle.spent s where s.scenario_type = any (%(names)s::text[])) as records,
       (select count(*) from rekindle.gate g
        where g.scenario_type = any (%(names)s::text[]) and g.inflight is null
          and g.next_at > rekindle.clock()) as cooldowns,
       (select count(*) from rekindle.gate g
        where g.scenario_type = any (%(names)s::text[]) and g.inflight is not null) as live,
       (select count(distinct p.user_id) from preference p where p.scenario_type = any (%(names)s::text[])) as opt_outs
