-- A part of verdicts.sql, explain.sql and source_counts.sql: the time zone of each organisation.
-- The view may lack the column. For one person (user_id) only their organisation is read: reading
-- all of them took 16 times as long (75,000 chapters). It says `= any (array(…))` and not `in (…)`,
-- because after an OR only the former can use an index.
select distinct on (o.organisation_id) o.organisation_id, to_jsonb(o) ->> 'timezone' as timezone
from rekindle_source.organisation o
where %(user_id)s::uuid is null
   or o.organisation_id = any (array(
        select r.organisation_id from rekindle_source.recipient r where r.user_id = %(user_id)s::uuid))
order by o.organisation_id
