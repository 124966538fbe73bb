"""The fleet: schedules begin runs, and workers work them. Postgres decides everything; there is no
leader, no queue and no session state."""
