-- A part of explain.sql, in place of wanted.sql: how many scenarios that go before this one want the person is known.
select %(user_id)s::uuid as user_id, %(wanting)s::bigint as scenarios
