-- In: run_id, scenario_types, organisations, user_id.
-- Out: waiting, the number of units that this run could still arm or lease now.
select count(*) as waiting
from rekindle.outbox o
where o.state in ('claimed', 'retry') and o.next_try_at <= rekindle.clock() and o.give_up_at > rekindle.clock()
  and (o.owner is null or o.owner = %(run_id)s or o.lease_until < rekindle.clock())
  and o.scenario_type = any (%(scenario_types)s::text[])
  and (%(organisations)s::uuid[] = '{}' or o.organisation_id = any (%(organisations)s::uuid[]))
  and (%(user_id)s::uuid is null or o.user_id = %(user_id)s::uuid)
