-- A part of test_person.sql: everybody, due or not, without the variables that only a person who is
-- due has.
select recipient.*, null::text as absence, null::date as inactive_since_on, 0 as rank,
       'test' as occurrence, '{}'::jsonb as variables
from recipient
