"""The torture harness: real engine processes under faults, judged from outside. See
docs/explanation/reliability.md."""
