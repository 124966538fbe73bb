-- In: as claim.sql.
-- Out: (user_id, organisation_id) of every person that claim.sql would claim now, in order of user.
-- Locks: none.
-- Never: a write.
{verdicts}
select verdict.user_id, verdict.organisation_id
from verdict
where verdict.refusal is null
order by verdict.user_id
