"""What a made-up person would read, so that a text can be looked at before anybody is due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rekindle.engine.show import Shown, texts_of
from rekindle.model import Candidate
from rekindle.ports import Applied
from rekindle.render import Need, needs
from rekindle.scenario import AnyScenario

_OF_A_THRESHOLD = frozenset({"days", "stage", "mark", "activities", "total", "threshold", "days_left", "days_ago"})
_PARTS = {"hours_left": 3_600, "minutes_left": 60}
_A_NUMBER = 3
_SOON = timedelta(days=7)


def made_up(applied: Applied, *, locale: str | None, at: datetime, variant: int = 0) -> list[Shown]:
    """The text of a scenario, or each of its texts, for a made-up person. A number or a date is one
    that could be: the first threshold, a week from now. What only the team's data could say is the
    name of its variable in brackets, such as [first name].

    Args:
        locale: the one that the person reads.
        at: now, in the zone of the person.
        variant: which of `AnyScenario.variants`.
    """
    zone = getattr(at.tzinfo, "key", "UTC")
    candidate = Candidate(
        user_id=UUID(int=0),
        organisation_id=None,
        scenario_type=applied.scenario_type,
        occurrence="",
        refusal=None,
        locale=locale,
        timezone=zone,
        variables=values(applied.scenario.variants()[variant], at),
        devices=(),
        variant=variant,
    )
    return texts_of(candidate, applied)


def values(scenario: AnyScenario, at: datetime) -> Mapping[str, Any]:
    """A value for each variable that one of the scenario's texts names."""
    wanted: dict[str, frozenset[Need]] = {}
    further = [scenario.with_text(name).templates() for name in scenario.text]
    for template in (each for texts in (scenario.templates(), *further) for each in texts.values()):
        for name, types in needs(template).items():
            wanted[name] = wanted.get(name, frozenset()) | types
    return {name: _value(scenario, name, types, at) for name, types in wanted.items()}


def _value(scenario: AnyScenario, name: str, types: frozenset[Need], at: datetime) -> Any:
    label = name.replace("_", " ")
    known = scenario.variables.get(name)
    if "list" in types:
        return [f"[{label}]"]
    if "number" in types or (known is not None and "number" in known.fit_for):
        return _number(scenario, name)
    if "time" in types:
        return (at + _SOON).isoformat(timespec="seconds")
    if "date" in types or (known is not None and "date" in known.fit_for):
        return (at + _SOON).date().isoformat()
    return f"[{label}]"


def _number(scenario: AnyScenario, name: str) -> int:
    thresholds = [abs(one) for one in scenario.thresholds()]
    if not thresholds:
        return _A_NUMBER
    if name in _PARTS:
        return max(1, thresholds[0] // _PARTS[name])
    return thresholds[0] if name in _OF_A_THRESHOLD else _A_NUMBER
