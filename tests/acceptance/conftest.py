"""Acceptance tests: a user meets the same on every server, and a whole cycle is shown on each
(test_cycle)."""

from acceptance.fixtures import rekindle, team, team_config, team_worker_url
from conftest import one_server

__all__ = ["rekindle", "team", "team_config", "team_worker_url"]
server = one_server
