"""What the ledger reports about applied scenarios."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

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
class ScenarioDay:
    """What the runs of one day did for a scenario, in people; only `pushes` counts devices. `day`
    counts from 0. Each run counts a person again."""

    day: int
    runs: int
    evaluated: int
    due: int
    claimed: int
    held_out: int
    recorded: int
    skipped: int
    dead: int
    unknown: int
    pushes: int
    refusals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScenarioVersion:
    """One version of a scenario: what an apply did, which role did it, and the keys that it
    changed. There are no keys if the scenario was added or retired, because that concerns all of
    it. `values`: what each key was before and since then, as it is stored; None: it was absent.
    They include texts."""

    scenario_type: str
    version: int
    change: Literal["added", "changed", "retired"]
    keys: tuple[str, ...]
    applied_at: datetime
    applied_by: str
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]], repr=False)
