-- In: budget_seconds, dispatcher. Out: run_id, status running.
insert into rekindle.run (budget_seconds, dispatcher) values (%(budget_seconds)s, %(dispatcher)s) returning run_id
