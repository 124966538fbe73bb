"""What the tests of the Edge Functions share: the embedded server alone, and a team that sends through a function."""

from acceptance.fixtures import embedded_only, team, team_config, team_worker_url

__all__ = ["embedded_only", "team", "team_config", "team_worker_url"]
