-- A part of summary.sql: the records that the team's app says were opened. The clock of a phone may
-- be wrong, so the time does not matter: the claim says which push it was.
select distinct o.claim_id
from record
join rekindle_source.opened o on o.claim_id = record.id
where o.opened_at is not null
