-- In: nothing.
-- Out: (claim_id, provider_name) of every device that accepted. It is for comparing the ledger with
-- a sandbox. The larger the ledger, the more rows it returns.
select claim_id, provider_name from rekindle.delivery order by claim_id, device_id
