"""What crashes and bad networks leave behind: the embedded server alone."""

from acceptance.fixtures import embedded_only, rekindle, team, team_config, team_worker_url

__all__ = ["embedded_only", "rekindle", "team", "team_config", "team_worker_url"]
