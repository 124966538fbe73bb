-- In: as claim.sql. Out: (user_id, organisation_id) of everyone whom claim.sql would claim now, in order of user.
-- Locks: none. Never: a write.
{verdicts}
select v.user_id, v.organisation_id from verdict v where v.refusal is null order by v.user_id
