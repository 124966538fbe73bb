"""Compares a configuration with the one in force. No other place compares the two."""

from collections.abc import Mapping, Sequence

from rekindle.ports import Applied, Changed
from rekindle.scenario import Config, fingerprint


def edited(config: Config) -> list[Applied]:
    """The scenarios of a configuration as an apply would store them, as version 0."""
    return [Applied(name, 0, one, fingerprint(one)) for name, one in config.scenario.items()]


def changes(in_force: Sequence[Applied], edited: Sequence[Applied]) -> Mapping[str, Changed]:
    """How each scenario of either side would change if the edited ones were applied."""
    old, new = ({one.scenario_type: one.fingerprint for one in side} for side in (in_force, edited))
    return {name: _change(old.get(name), new.get(name)) for name in old | new}


def _change(old: str | None, new: str | None) -> Changed:
    if old is None:
        return "added"
    if new is None:
        return "retired"
    return "same" if old == new else "changed"
