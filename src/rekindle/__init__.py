"""Rekindle: the right push at the right moment, and never twice, out of your own Postgres."""
