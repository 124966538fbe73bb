"""Acceptance tests. A user sees the same on every server, so they run on one; a whole cycle runs
on each (test_cycle)."""

from acceptance.fixtures import rekindle, team, team_config, team_worker_url
from conftest import one_server

__all__ = ["rekindle", "team", "team_config", "team_worker_url"]
server = one_server
