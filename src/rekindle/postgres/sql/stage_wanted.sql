-- In: as claim.sql, of a scenario that goes before the one to be claimed. Out: nothing. Whomever that scenario would claim
-- now stands in the temporary table, so that a frequency cap keeps the place for it: whoever claims first, the
-- scenario with the higher priority wins. Locks: none.
{verdicts}
insert into pg_temp.rekindle_wanted (user_id)
select v.user_id from verdict v where v.refusal is null and (v.variant).counts
