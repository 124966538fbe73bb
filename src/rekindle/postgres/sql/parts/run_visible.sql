-- A part of runs.sql and run_confirmable.sql: whether an actor that is limited to the organisations
-- `sees` (null: not limited) may see the run r. It must be limited to some of them: a run of all
-- organisations has people of others.
(%(sees)s::uuid[] is null
 or r.organisations <> '{}'  -- mutant: a-run-of-everything
    and r.organisations <@ %(sees)s::uuid[])  -- mutant: a-run-of-another
