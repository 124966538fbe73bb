-- A part of verdicts.sql: how many scenarios that go before this one want a person too (stage_wanted.sql).
select w.user_id, count(*) as scenarios from pg_temp.rekindle_wanted w group by w.user_id
