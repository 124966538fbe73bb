"""The torture harness: real engine processes under faults, judged from outside them. See
docs/explanation/reliability.md."""
