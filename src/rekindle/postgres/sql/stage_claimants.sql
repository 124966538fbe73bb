-- In: as claim.sql.
-- Out: nothing. It adds the people that this scenario would claim now to the temporary table.
-- Locks: none.
{verdicts}
insert into pg_temp.rekindle_claimant (user_id, scenario_type)
select verdict.user_id, %(scenario_type)s
from verdict
where verdict.refusal is null
