-- In: chars. Out: (name, longest): the bytes in UTF-8 of the longest name of a certificate, cut to so many characters as
-- texts cut it; 0 without any. Locks: none.
select 'certificate' as name,
       coalesce(max(octet_length(convert_to(left(c.name, %(chars)s::int), 'UTF8'))), 0) as longest
from rekindle_source.certification c
