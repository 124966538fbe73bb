-- In: arrays of scenario_types, definitions and fingerprints: the whole configuration; and
-- actor (null: the login of this session).
-- Out: (scenario_type, version, change): 'added', 'changed' or 'retired'. An unchanged scenario
-- returns no row and gets no new version.
with wanted as (
  select * from unnest(%(scenario_types)s::text[], %(definitions)s::jsonb[], %(fingerprints)s::text[])
    as t (scenario_type, definition, fingerprint)
),
current as (
  select distinct on (scenario_type) scenario_type, version, definition, fingerprint, retired
  from rekindle.scenario order by scenario_type, version desc
),
changes as (
  select coalesce(w.scenario_type, c.scenario_type) as scenario_type, coalesce(c.version, 0) + 1 as version,
         coalesce(w.definition, c.definition) as definition, coalesce(w.fingerprint, c.fingerprint) as fingerprint,
         w.scenario_type is null as retired,
         case when w.scenario_type is null then 'retired'
              when c.scenario_type is null or c.retired then 'added' else 'changed' end as change
  from wanted w
  full join current c on c.scenario_type = w.scenario_type
  where (w.scenario_type is null and not c.retired)
     or (w.scenario_type is not null and (c.scenario_type is null or c.retired or c.fingerprint <> w.fingerprint))
),
stored as (
  insert into rekindle.scenario (scenario_type, version, definition, fingerprint, retired, applied_by)
  select scenario_type, version, definition, fingerprint, retired, rekindle.signature(%(actor)s) from changes
)
select scenario_type, version, change from changes order by scenario_type
