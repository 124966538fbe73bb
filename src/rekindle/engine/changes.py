"""Compares a configuration with the one in force. No other place compares the two."""

from collections.abc import Mapping, Sequence

from rekindle.ports import Applied, Changed, Names
from rekindle.scenario import Config, fingerprint

_ONE = Names()


def edited(config: Config, names: Mapping[str, Names] | None = None) -> list[Applied]:
    """The scenarios of a configuration as an apply would store them, as version 0, with their other
    names."""
    known = names or {}
    return [
        Applied(name, 0, one, fingerprint(one), earlier=known.get(name, _ONE).earlier)
        for name, one in config.scenario.items()
    ]


def renamed(in_force: Sequence[Applied], edited: Sequence[Applied]) -> Mapping[str, str]:
    """The new name of each scenario in force that an apply would rename, and its name in force."""
    old, new = ({one.scenario_type for one in side} for side in (in_force, edited))
    return {
        one.scenario_type: was
        for one in edited
        if one.scenario_type not in old
        for was in one.earlier
        if was in old and was not in new
    }


def changes(in_force: Sequence[Applied], edited: Sequence[Applied]) -> Mapping[str, Changed]:
    """How each scenario of either side would change if the edited ones were applied. One that would
    be renamed appears under its new name."""
    old, new = ({one.scenario_type: one.fingerprint for one in side} for side in (in_force, edited))
    former = renamed(in_force, edited)
    return {
        name: "renamed" if name in former else _change(old.get(name), new.get(name))
        for name in old | new
        if name not in former.values()
    }


def _change(old: str | None, new: str | None) -> Changed:
    if old is None:
        return "added"
    if new is None:
        return "retired"
    return "same" if old == new else "changed"
