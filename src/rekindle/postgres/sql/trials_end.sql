-- In: scopes.
-- Out: nothing. The trials of these scopes end now: their arms end at once, and of their people
-- only those count whose horizon is over. One that was over by itself ended then.
-- Locks: those trials.
update rekindle.trial t
set ended_at = least(rekindle.clock(), t.agreed_at)
where t.ended_at is null and t.scope = any (%(scopes)s::text[])
