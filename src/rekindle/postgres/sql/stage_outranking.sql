-- In: as claim.sql, of a scenario that outranks the one to be claimed. Out: nothing. The people
-- that it would claim now are in the temporary table, so that a frequency cap keeps the place for
-- it: whichever scenario claims first, the one with the higher priority wins. Locks: none.
{verdicts}
insert into pg_temp.rekindle_outranking (user_id)
select verdict.user_id
from verdict
where verdict.refusal is null
  and (verdict.variant).counts  -- mutant: takes-a-place-under-a-cap
