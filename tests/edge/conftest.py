"""Fixtures of the tests of the Edge Functions: a team that sends through a function."""

from acceptance.fixtures import team, team_config, team_worker_url
from conftest import one_server

__all__ = ["team", "team_config", "team_worker_url"]
server = one_server
