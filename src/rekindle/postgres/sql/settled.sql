-- In: claim_id.
-- Out: what has become of the sends of a claim, or no row if the ledger has none of them:
-- organisation_id; `unknown`, how many may have been sent; `not_sent`, how many an operator has
-- settled as not sent; `names`, the provider's name of each that was accepted.
-- Locks: none.
with send as (
  select o.organisation_id, o.state = 'unknown' as unknown, false as not_sent, null::text as name
  from rekindle.outbox o where o.claim_id = %(claim_id)s
  union all
  select x.organisation_id, x.outcome = 'unknown', x.reason = 'settled_not_sent', null
  from rekindle.outcome x where x.claim_id = %(claim_id)s
  union all
  select n.organisation_id, false, false, d.provider_name
  from rekindle.delivery d
  join rekindle.scenario_notification n on n.id = d.claim_id
  where d.claim_id = %(claim_id)s
)
select (array_agg(organisation_id))[1] as organisation_id,
       count(*) filter (where unknown) as unknown, count(*) filter (where not_sent) as not_sent,
       coalesce(array_agg(name) filter (where name is not null), '{}') as names
from send
having count(*) > 0
