-- In: chars.
-- Out: (name, longest) for each variable of a kind of scenario that has no longest value by
-- definition. `longest` is the length in UTF-8 bytes of the longest value in the team's views. Each
-- value is first cut to `chars` characters, as texts cut it.
-- Locks: none.
select own.name, coalesce(max(octet_length(convert_to(left(own.value, %(chars)s::int), 'UTF8'))), 0) as longest
from (
  {longest}
) own
group by own.name
