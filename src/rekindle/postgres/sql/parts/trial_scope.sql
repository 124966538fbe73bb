-- A part of effect_trials.sql and trial_person.sql: the trials of a scope (null: of all). Of a
-- scenario, its text trials are among them, and those under every other name that it has or had.
(%(scope)s::text is null or t.scope = %(scope)s::text or regexp_replace(t.scope, '^text:', '') in (
  select %(scope)s::text
  union all
  select other.name
  from rekindle.renamed() as mine
  join rekindle.renamed() as other on other.identity = mine.identity
  where mine.name = %(scope)s::text))  -- mutant: effect-by-name
