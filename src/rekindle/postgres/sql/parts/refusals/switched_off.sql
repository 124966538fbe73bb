-- A part of refusal.sql and every_refusal.sql: an operator has switched off the scenario, the
-- person's organisation, or everything.
(select everybody from switched_off)
  or person.organisation_id = any ((select organisations from switched_off)::uuid[])
