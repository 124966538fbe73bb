-- In: arrays of scopes, units, helds, horizon_secondss, worths, until_ons, outcomes and digests.
-- Out: nothing. Each trial starts now, with an id that no one can know beforehand.
-- Locks: none.
insert into rekindle.trial (scope, unit, held, horizon_seconds, worth, until_on, agreed_at, outcome,
                            outcome_sha256)
select t.scope, t.unit, t.held, t.horizon_seconds, t.worth, t.until_on,
       timezone('UTC', (t.until_on + 1)::timestamp) + make_interval(secs => t.horizon_seconds), t.outcome, t.digest
from unnest(%(scopes)s::text[], %(units)s::text[], %(helds)s::int[], %(horizon_secondss)s::bigint[], %(worths)s::float8[],
            %(until_ons)s::date[], %(outcomes)s::text[], %(digests)s::text[])
  as t (scope, unit, held, horizon_seconds, worth, until_on, outcome, digest)
