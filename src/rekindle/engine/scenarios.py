"""Selects the applied scenarios that a command names."""

from collections.abc import Sequence

from rekindle.errors import BadArgument, UnknownScenario
from rekindle.ports import Applied


def require_applied(names: Sequence[str], applied: Sequence[Applied]) -> None:
    """Check that every name is that of an applied scenario.

    Raises:
        UnknownScenario: one is not.
    """
    known = sorted({one.scenario_type for one in applied})
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownScenario(
            f"no scenario {', '.join(unknown)} is applied", hint=f"Applied scenarios: {', '.join(known) or 'none'}."
        )


def enabled_or_named(names: Sequence[str], applied: Sequence[Applied]) -> tuple[list[Applied], list[Applied]]:
    """The enabled scenarios, or those named; and the remaining enabled ones.

    Raises:
        UnknownScenario: no scenario is applied, or a name is not.
        BadArgument: a named scenario is not enabled.
    """
    if not applied:
        raise UnknownScenario("no scenario is applied", hint="Run `rekindle apply`.")
    require_applied(names, applied)
    off = [one.scenario_type for one in applied if one.scenario_type in names and not one.scenario.enabled_somewhere]
    if off:
        raise BadArgument(f"scenario {', '.join(off)} is not enabled", hint="Set enabled = true and apply again.")
    enabled = [one for one in applied if one.scenario.enabled_somewhere]
    chosen = [one for one in enabled if not names or one.scenario_type in names]
    return chosen, [one for one in enabled if one not in chosen]
