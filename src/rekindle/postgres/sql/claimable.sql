-- In: as claim.sql.
-- Out: people, the number of people that claim.sql would claim now.
-- Locks: none.
-- Never: a write.
{verdicts}
select count(*) as people
from verdict
where verdict.refusal is null
