"""Keys that have no effect in a critical scenario."""

from collections.abc import Iterator, Mapping
from typing import Any

from rekindle.scenario.overrides import Mistake, as_table
from rekindle.scenario.reach import WEEKDAYS

_VOID = {"quiet_hours": "quiet hours", "send_at": "times to send at", "weekdays": "weekdays", "caps": "frequency caps"}


def void_if_critical(name: str, scenario: Mapping[str, Any], organisations: Mapping[str, Any]) -> Iterator[Mistake]:
    """The mistakes of a critical scenario that limits when or how often it reaches a person, for
    everybody or in a place: nothing of that stops it. What it inherits from a policy is meant for
    the other scenarios, and a value that limits nothing may be written.

    Args:
        name: the scenario's.
        scenario: its raw table, without what it inherits.
        organisations: the raw [organisation] tables.
    """
    if scenario.get("critical") is not True:
        return
    yield from _void(("scenario", name), scenario)
    for organisation_id, one in organisations.items():
        organisation = as_table(one)
        places: dict[tuple[str, ...], Mapping[str, Any]] = {("organisation", organisation_id): organisation}
        for chapter_id, chapter in as_table(organisation.get("chapter")).items():
            places["organisation", organisation_id, "chapter", chapter_id] = as_table(chapter)
        for where, place in places.items():
            yield from _void((*where, "scenario", name), as_table(as_table(place.get("scenario")).get(name)))


def _void(where: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[Mistake]:
    for key, words in _VOID.items():
        if (value := table.get(key, "none")) in ("none", []):
            continue
        if key == "weekdays" and isinstance(value, list) and all(day in value for day in WEEKDAYS):
            continue
        yield (*where, key), "void", f"{words} do not stop a critical scenario; remove this key, or critical"
