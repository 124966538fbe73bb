-- A part of place_names.sql: the name of each organisation asked for. The view may lack the
-- column, or give it any type. If the view lists one twice, the first name counts.
select distinct on (organisation.organisation_id) organisation.organisation_id as id,
       left(to_jsonb(organisation) ->> 'name', %(chars)s + 1) as name
from rekindle_source.organisation
where organisation.organisation_id = any (%(organisation_ids)s::uuid[])
order by organisation.organisation_id, name nulls last
