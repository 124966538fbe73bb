-- A part of people_names.sql: whether the recipient `r` belongs to one of the organisations, by
-- their home or by a membership. Each is searched by the person, so a page reads few of them.
(r.organisation_id = any (%(organisations)s::uuid[])
 or exists (select from rekindle_source.membership m
            where m.user_id = r.user_id and m.organisation_id = any (%(organisations)s::uuid[])))
