-- A part of verdicts.sql for explain.sql: the caller knows how many outranking scenarios would
-- claim the person.
select %(user_id)s::uuid as user_id, %(outranking)s::bigint as scenarios
