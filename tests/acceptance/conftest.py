"""Acceptance tests: on every server, unless they are in `cli`."""

from acceptance.fixtures import rekindle, team, team_config, team_worker_url

__all__ = ["rekindle", "team", "team_config", "team_worker_url"]
