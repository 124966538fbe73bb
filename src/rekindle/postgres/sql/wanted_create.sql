-- In: nothing. Out: a temporary table that the end of the transaction drops: who is wanted by scenarios that go before.
create temporary table rekindle_wanted (user_id uuid not null) on commit drop
