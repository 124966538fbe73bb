-- A part of refusal.sql and every_refusal.sql: the scenario is not enabled where the person is.
not (person.variant).enabled  -- mutant: not-enabled
