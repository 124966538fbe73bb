-- In: scenario_type; names, all names of the scenario that the run knows.
-- Out: `renamed`: whether the scenario has another name now, or had one that the run does not know.
-- Such a run began before the configuration was applied. It would not see the pushes under the
-- other name, nor would a run under that name see its claims.
-- Locks: none. The claim shares a lock that `apply` takes alone before it renames, so the answer
-- holds until the claim is committed.
with latest as (
  select distinct on (s.scenario_type) s.scenario_type, s.retired
  from rekindle.scenario s order by s.scenario_type, s.version desc
)
select exists (
  select
  from rekindle.renamed() as mine
  join rekindle.renamed() as other on other.identity = mine.identity and other.name <> mine.name
  where mine.name = %(scenario_type)s
    and (other.name <> all (%(names)s::text[])  -- mutant: name-not-known
         or other.name in (select latest.scenario_type from latest where not latest.retired))  -- mutant: name-in-force
) as renamed
