-- In: user_id.
-- Out: (name, rows) of each table that has rows about the person.
-- Locks: none.
select person.name, count(*) as rows
from (
  {person_rows}
) person
group by person.name, person.position
order by person.position
