-- In: chars. Out: (name, longest): for each variable of a kind of scenario that has no longest
-- value, the bytes in UTF-8 of the longest value that the team's views have, cut to that many
-- characters as texts cut it. Locks: none.
select own.name, coalesce(max(octet_length(convert_to(left(own.value, %(chars)s::int), 'UTF8'))), 0) as longest
from (
  {longest}
) own
group by own.name
