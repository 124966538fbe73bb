-- In: claim_id.
-- Out: the units of the claim whose outcome is unknown, held or closed, with the columns that
-- record.sql and the audit need.
select claim_id, device_id, epoch, run_id, scenario_type, organisation_id from rekindle.outbox
where claim_id = %(claim_id)s and state = 'unknown'
union all
select claim_id, device_id, epoch, run_id, scenario_type, organisation_id from rekindle.outcome
where claim_id = %(claim_id)s and outcome = 'unknown'
order by device_id
