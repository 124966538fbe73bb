"""The ledger and the team's views on Postgres. Only this package imports psycopg."""
