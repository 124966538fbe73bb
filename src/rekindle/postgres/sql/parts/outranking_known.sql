-- A part of verdicts.sql for explain.sql: the caller gives the number of outranking scenarios that
-- would claim the person.
select %(user_id)s::uuid as user_id, %(outranking)s::bigint as scenarios
