"""The sample of each kind of scenario, which its folder has."""

import tomllib
from importlib import resources

from rekindle.scenario import AnyScenario, parse_scenario

FOLDER = resources.files("rekindle.scenario.kinds")


def sample(kind: str) -> AnyScenario:
    """The scenario in the sample of the kind."""
    [one] = tomllib.loads(FOLDER.joinpath(kind, "sample.toml").read_text(encoding="utf-8"))["scenario"].values()
    return parse_scenario(one)
