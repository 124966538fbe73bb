-- In: nothing.
-- Out: (locale, people): the locales of the active recipients, the most frequent first, at most
-- 10,000 of them.
-- Locks: none.
select r.locale::text as locale, count(distinct r.user_id) as people
from rekindle_source.recipient r
where r.active
group by r.locale::text
order by people desc, locale
limit 10000
