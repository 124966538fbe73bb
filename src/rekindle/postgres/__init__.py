"""The ledger and the team's views on Postgres: the only place that imports psycopg."""
