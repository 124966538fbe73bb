-- A part of arm.sql, if the team has no view `activity`.
select unit.claim_id, unit.device_id, '' as reason from unit where false
