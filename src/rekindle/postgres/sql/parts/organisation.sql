-- A part of verdicts.sql and source_counts.sql: the zone of each organisation; the view may lack
-- the column.
select distinct on (o.organisation_id) o.organisation_id, to_jsonb(o) ->> 'timezone' as timezone
from rekindle_source.organisation o
order by o.organisation_id
