-- A part of arm.sql, if no kind looks again just before sending.
select unit.claim_id, unit.device_id, '' as reason from unit where false
