-- A part of effect_trials.sql and trial_person.sql: the trials of a scope (null: of all). Those
-- under every other name that the scenario has or had are among them.
(%(scope)s::text is null or t.scope = %(scope)s::text or t.scope in (
  select other.name
  from rekindle.renamed() as mine
  join rekindle.renamed() as other on other.identity = mine.identity
  where mine.name = %(scope)s::text))  -- mutant: effect-by-name
