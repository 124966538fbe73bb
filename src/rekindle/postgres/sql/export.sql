-- In: user_id.
-- Out: (name, row) of every row of the ledger about the person: the table, and the row as a JSON
-- text. Tables are in a fixed order, rows in the order of their key. One statement, so that a unit
-- that becomes a record meanwhile is in exactly one of the two.
-- Locks: none.
-- Never: a device token.
select person.name, person.row::text as row
from (
  {person_rows}
) person
order by person.position, person.key
