-- A part of refusal.sql and every_refusal.sql: the person has had as many nudges in this absence as
-- the variant allows.
(person.variant).absence_limit is not null and (
  select count(distinct sent.occurrence)
  from rekindle.sent(person.user_id, %(names)s::text[]) as sent
  where starts_with(sent.occurrence, person.absence)
) >= (person.variant).absence_limit
