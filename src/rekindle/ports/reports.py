"""What the ledger reports about applied scenarios."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rekindle.model import Numbers
from rekindle.ports.evaluation import Applied


@dataclass(frozen=True, slots=True)
class ScenarioStatus:
    """An applied scenario and the numbers of the last run that evaluated it."""

    applied: Applied
    applied_at: datetime
    applied_by: str
    last_run_at: datetime | None
    latest: Numbers | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an apply did to one scenario, or would do; and the version that the scenario has since
    then. `was`: the name that it had before, if it was renamed."""

    scenario_type: str
    version: int | None
    change: Literal["added", "changed", "renamed", "retired"]
    was: str | None = None


@dataclass(frozen=True, slots=True)
class ScenarioVersion:
    """One version of a scenario: what an apply did, which role did it, and the keys that it
    changed. There are no keys if the scenario was added or retired, because that concerns all of
    it."""

    scenario_type: str
    version: int
    change: Literal["added", "changed", "retired"]
    keys: tuple[str, ...]
    applied_at: datetime
    applied_by: str
