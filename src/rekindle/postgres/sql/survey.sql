-- In: organisations (empty: all), user_id (null: all).
-- Out: the number of active recipients: `evaluated` in these organisations, `recipients` in all.
-- With a user_id both are about that person. A person that the view lists twice, or with several
-- memberships, counts once, and a row without a person for nobody.
-- Locks: none.
select count(*) filter (where person.selected) as evaluated, count(*) as recipients
from (
  select bool_or(%(organisations)s::uuid[] = '{}' or membership.organisation_id = any (%(organisations)s::uuid[]))
           as selected
  from rekindle_source.recipient r
  {membership}
  where r.active and r.user_id is not null and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
  group by r.user_id
) person
