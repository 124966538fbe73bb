-- In: as claim.sql, for a scenario that outranks the one to be claimed.
-- Out: nothing. It adds the people that this scenario would claim now to the temporary table. A
-- frequency cap then reserves their place, so the scenario with the higher priority wins, whichever
-- claims first.
-- Locks: none.
{verdicts}
insert into pg_temp.rekindle_outranking (user_id)
select verdict.user_id
from verdict
where verdict.refusal is null
  and (verdict.variant).counts  -- mutant: takes-a-place-under-a-cap
