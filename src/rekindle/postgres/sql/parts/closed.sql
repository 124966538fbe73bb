-- A part of first_place.sql and explain.sql: whether the scenario reaches nobody at the place of an
-- occasion, because it is not enabled there or switched off.
coalesce(not (occasion.variant).enabled
         or (select everybody from switched_off)
         or occasion.organisation_id = any ((select organisations from switched_off)::uuid[]), false)
