-- In: actor (null: the login of this session), since, until, scenario_types, result.
-- Out: the row that it writes, as backtest_saved.sql returns it.
-- Locks: none.
-- Never: a change to a row.
insert into rekindle.backtest (saved_by, since, until, scenario_types, result)
values (rekindle.signature(%(actor)s), %(since)s, %(until)s, %(scenario_types)s, %(result)s)
returning backtest_id, saved_at, saved_by, since, until, scenario_types,
          array(select side from jsonb_object_keys(result) as side order by side) as configurations, result
