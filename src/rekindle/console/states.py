"""Whether a scenario is on: by its definition, and by the switches that concern it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from rekindle.model import Switch
from rekindle.ports import ScenarioStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a scenario for a reader: its tag, the switch that stops it everywhere (None:
    none does), and those that stop it in an organisation."""

    tag: tuple[str, str, str]
    off: Switch | None
    off_in: Sequence[Switch]
    shown: bool = True
    """Whether the reader may know the reason and the name of the switch that stops it everywhere:
    they may be about another organisation."""


def standing(one: ScenarioStatus, switches: Sequence[Switch], *, sees: Collection[UUID] | None) -> Standing:
    """The state of a scenario, by all switches. A reader who is limited to organisations learns of
    theirs, and that it is off everywhere."""
    name = one.applied.scenario_type
    mine = [
        switch
        for switch in switches
        if switch.turned == "off"
        and switch.scenario_type in (None, name)
        and (switch.organisation_id is None or sees is None or switch.organisation_id in sees)  # mutant: own-switches
    ]
    off = next((switch for switch in mine if switch.organisation_id is None), None)
    off_in = [switch for switch in mine if switch.organisation_id is not None]
    if not one.applied.scenario.enabled_somewhere:
        tag = ("", "off", "Disabled")
    elif off is not None:
        tag = ("stop", "off", "Switched off")
    elif off_in:
        tag = ("warn", "off", "Off in 1 organisation" if len(off_in) == 1 else f"Off in {len(off_in)} organisations")
    else:
        tag = ("ok", "ok", "On")
    return Standing(tag, off, off_in, shown=sees is None)
