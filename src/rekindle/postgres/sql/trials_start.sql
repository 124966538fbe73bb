-- In: arrays of scopes, units, helds, horizon_secondss, worths, until_ons, outcomes, digests,
-- texts_sha256s, and textss: {"texts": [], "ends": []} of a text trial, else null.
-- Out: nothing. Each trial starts now, with an id that no one can know beforehand.
-- Locks: none.
insert into rekindle.trial (scope, unit, held, texts, text_ends, texts_sha256, horizon_seconds, worth,
                            until_on, agreed_at, outcome, outcome_sha256)
select t.scope, t.unit, t.held,
       case when t.texts is not null then array(select jsonb_array_elements_text(t.texts -> 'texts')) end,
       case when t.texts is not null then array(select jsonb_array_elements(t.texts -> 'ends')::integer) end,
       t.texts_sha256, t.horizon_seconds, t.worth, t.until_on,
       timezone('UTC', (t.until_on + 1)::timestamp) + make_interval(secs => t.horizon_seconds), t.outcome, t.digest
from unnest(%(scopes)s::text[], %(units)s::text[], %(helds)s::int[], %(horizon_secondss)s::bigint[],
  %(worths)s::float8[],
            %(until_ons)s::date[], %(outcomes)s::text[], %(digests)s::text[], %(texts_sha256s)s::text[],
            %(textss)s::jsonb[])
  as t (scope, unit, held, horizon_seconds, worth, until_on, outcome, digest, texts_sha256, texts)
