"""Fixtures of the tests of crashes and bad networks."""

from acceptance.fixtures import rekindle, team, team_config, team_worker_url
from conftest import one_server

__all__ = ["rekindle", "team", "team_config", "team_worker_url"]
server = one_server
