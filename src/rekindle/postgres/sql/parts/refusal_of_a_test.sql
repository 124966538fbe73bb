-- A part of test_person.sql, in the place of refusal.sql: why a person gets no test push. To a
-- token that was given, somebody else gets it.
case
  when {refusals/switched_off}
    then 'switched_off'
  when not %(to_token)s::boolean and {refusals/opted_out}  -- mutant: test-opted-out
    then 'opted_out'
end
