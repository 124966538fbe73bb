-- In: test_id, outcome, reason, provider_name.
-- Out: nothing. An outcome is written once; that of a person who was erased meanwhile is not.
-- Locks: the row.
update rekindle.test_send
set outcome = %(outcome)s, reason = %(reason)s, provider_name = %(provider_name)s
where test_id = %(test_id)s and outcome = 'unknown' and reason = 'no_answer'
