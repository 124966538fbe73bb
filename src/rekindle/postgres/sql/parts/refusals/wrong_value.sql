-- A part of refusal.sql and every_refusal.sql: a variable that the person's text shows as a number
-- or as a date has a value that is neither.
(person.variables @@ (select fitting from need)[person.text]) is not true  -- mutant: wrong-value
  and person.variables @@ (select present from need)[person.text]
