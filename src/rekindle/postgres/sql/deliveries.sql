-- Out: (claim_id, provider_name) of every device that accepted. For comparing the ledger with a
-- sandbox; a large ledger makes a large answer.
select claim_id, provider_name from rekindle.delivery order by claim_id, device_id
