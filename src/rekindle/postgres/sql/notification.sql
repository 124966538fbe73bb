-- In: claim_id; organisations, those that the reader is limited to (null: all).
-- Out: the record of the claim, as notification_page.sql has it; no row if there is none.
-- Locks: none.
select n.id as claim_id, n.user_id, n.organisation_id, n.scenario_type, n.scenario_version, n.occurrence,
       coalesce(n.other_occurrences, '{}') as other_occurrences, n.run_id,
       n.cooldown_window_start as claimed_at, n.dispatched_at, n.idempotency_key
from rekindle.scenario_notification n
where n.id = %(claim_id)s::uuid
  and (%(organisations)s::uuid[] is null or n.organisation_id = any (%(organisations)s))  -- mutant: own-notification
