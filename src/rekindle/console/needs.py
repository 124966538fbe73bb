"""What needs somebody: runs that stopped, schedules that are late, and pushes that could not go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rekindle.console.held import Held, held_in
from rekindle.fleet.status import ScheduleStatus
from rekindle.model import Report

RECENT = timedelta(hours=24)
"""Runs that ended earlier need nobody: the next run has asked again."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run that stopped for somebody. `held`: what the guard held back; empty: it was something
    else."""

    report: Report
    held: Sequence[Held]

    @property
    def people(self) -> int:
        """People that the guard held back."""
        return sum(one.people for one in self.held)


def stopped(runs: Sequence[Report], *, now: datetime) -> list[Stopped]:
    """The runs that stopped and that no later run has made up for, newest first: of the same
    scenarios, one. The runs are newest first."""
    found: list[Stopped] = []
    for number, one in enumerate(runs):
        if one.status != "halted" or now - one.started_at > RECENT:
            continue
        about = names(one)
        if not any(_makes_up(later, one, about) for later in runs[:number]):  # mutant: made-up-for
            found.append(Stopped(one, held_in(one)))
    return found


def failed(schedules: Sequence[ScheduleStatus], shown: Sequence[Stopped]) -> list[ScheduleStatus]:
    """The schedules whose last run could not start or was lost, without those that stopped."""
    ids = {one.report.run_id for one in shown}
    return [
        one
        for one in schedules
        if one.state == "failed" and one.last and one.last.status != "halted" and one.last.run_id not in ids
    ]


def unsent(runs: Sequence[Report], *, now: datetime) -> list[tuple[Report, int]]:
    """The newest run of each scenario in which pushes turned out impossible to send, and how many
    people that were; newest first."""
    seen: set[str] = set()
    found: dict[int, int] = {}
    for number, one in enumerate(runs):
        if one.status == "running" or now - one.started_at > RECENT:
            continue
        for part in one.scenarios:
            if part.scenario_type not in seen and part.claimed + part.carried:
                seen.add(part.scenario_type)
                if part.dead:
                    found[number] = found.get(number, 0) + part.dead
    return [(runs[number], people) for number, people in found.items()]


def names(one: Report) -> frozenset[str]:
    """The scenarios that a run is about, as far as it says."""
    return frozenset(part.scenario for part in held_in(one)) or evaluated(one)


def evaluated(one: Report) -> frozenset[str]:
    """The scenarios that a run evaluated."""
    return frozenset(part.scenario_type for part in one.scenarios)


def _makes_up(later: Report, stopped: Report, about: frozenset[str]) -> bool:
    """Whether a later run covers what one that stopped was to cover. One that stopped as well takes
    its place."""
    covers = later.organisations in ((), stopped.organisations)
    if later.status in ("not_started", "abandoned", "running") or not covers:
        return False
    return about <= (names(later) if later.status == "halted" else evaluated(later))
