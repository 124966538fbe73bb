"""Every kind of scenario: one package for each, named as the kind is, with its class, its SQL and a
sample. To add one, write its package, and add its class to AnyScenario."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field

from rekindle.scenario.kinds.base import ScenarioKind, Seconds
from rekindle.scenario.kinds.date import YearlyDate
from rekindle.scenario.kinds.event import Event
from rekindle.scenario.kinds.expiry import Expiry
from rekindle.scenario.kinds.inactivity import Inactivity
from rekindle.scenario.kinds.keys import SCENARIO_TYPE
from rekindle.scenario.kinds.milestone import Milestone
from rekindle.scenario.kinds.onboarding import Onboarding
from rekindle.scenario.kinds.sql import OwnQuery

__all__ = [
    "KINDS",
    "SCENARIO_TYPE",
    "AnyScenario",
    "Event",
    "Expiry",
    "Inactivity",
    "Milestone",
    "OwnQuery",
    "Scenario",
    "ScenarioKind",
    "Seconds",
    "definition",
    "fingerprint",
    "parse_scenario",
]

AnyScenario = Inactivity | Onboarding | Milestone | Expiry | YearlyDate | Event | OwnQuery

Scenario = Annotated[AnyScenario, Field(discriminator="kind")]

KINDS: Mapping[str, type[AnyScenario]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(AnyScenario)
}
"""The kinds, by the word that the configuration uses."""


def definition(scenario: AnyScenario) -> dict[str, Any]:
    """The scenario as it is stored: durations in seconds, and what is counted in calendar days in
    days."""
    return scenario.model_dump(mode="json", exclude_none=True)


def fingerprint(scenario: AnyScenario) -> str:
    """SHA-256 of the canonical definition: equal exactly when two scenarios mean the same."""
    canonical = json.dumps(definition(scenario), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def parse_scenario(stored: dict[str, Any]) -> AnyScenario:
    """A scenario out of its stored definition (the inverse of `definition`)."""
    return _Stored.model_validate({"scenario": stored}).scenario


class _Stored(BaseModel):
    scenario: Scenario
