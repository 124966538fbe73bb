"""Acceptance tests. A user sees the same on every server, so they run on one; a whole cycle runs
on each (test_cycle)."""

from acceptance.fixtures import rekindle, team, team_config, team_worker_url
from acceptance.in_process import process_as_before, within
from conftest import one_server

__all__ = ["process_as_before", "rekindle", "team", "team_config", "team_worker_url", "within"]
server = one_server
