-- In: organisations (empty: all), user_id (null: all).
-- Out: the different locales of active recipients, at most 10,000. It is only needed for a scenario
-- whose texts do not need the same variables in each language: rekindle chooses a person's
-- language, and the claim then checks what that text needs.
-- Locks: none.
select r.locale
from rekindle_source.recipient r
{membership}
where r.active and r.locale is not null
  and (%(organisations)s::uuid[] = '{}' or membership.organisation_id = any (%(organisations)s::uuid[]))
  and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
group by r.locale
limit 10000
