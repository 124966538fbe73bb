-- A part of refusal.sql and every_refusal.sql: a variable that the person's text always needs is
-- null or absent, or the title or the body would be blank.
person.variables is not null
  and (person.variables @@ (select present from need)[person.text]) is not true  -- mutant: missing-variable
