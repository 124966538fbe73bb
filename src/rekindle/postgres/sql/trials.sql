-- In: nothing.
-- Out: the trials that no apply has ended, by scope. One whose day has passed is among them.
-- Locks: none.
select t.trial_id, t.scope, t.unit, t.held, t.texts, t.text_ends, t.texts_sha256, t.horizon_seconds, t.worth,
       t.until_on,
       t.outcome, t.started_at, t.agreed_at
from rekindle.trial t
where t.ended_at is null
order by t.scope
