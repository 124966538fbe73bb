"""How a scenario goes: from evaluated to came back, and why people who were due were not
claimed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rekindle.console import words
from rekindle.model import REASONS, Numbers
from rekindle.pictures.days import Row, multiples, numbers
from rekindle.ports import ScenarioDay, Summary

_HAD = "already_notified"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `last`: in the last run, None if that says nothing. `share`: of what was claimed,
    in per cent; None: it has no bar."""

    name: str
    last: int | None
    people: int | None
    share: float | None
    means: str
    early: float = 0
    """The part of the bar, in per cent, for which it is too early."""


@dataclass(frozen=True, slots=True)
class Back:
    """How many pushes were followed by an activity within the horizon, of those whose horizon is
    over; `open`: those for which it is too early."""

    came: int
    of: int
    open: int
    days: int | None

    @property
    def share(self) -> str:
        """The share as a text."""
        return "–" if not self.of else f"{100 * self.came / self.of:.0f} %"


@dataclass(frozen=True, slots=True)
class RefusedByDay:
    """The reasons with their counts by day, the most frequent first, and the days. `had`: how many
    people a day had the push already, from and to; None: nobody had. They are not among the
    reasons, which they would dwarf."""

    reasons: Sequence[Row]
    days: Sequence[str]
    ticks: Sequence[int]
    had: tuple[int, int] | None

    @property
    def chart(self) -> str:
        """The picture, as HTML."""
        return multiples(
            self.reasons, self.days, ticks=self.ticks, unit="people refused", so_far=True, of="Reason", wide=True
        )

    @property
    def table(self) -> str:
        """Its numbers, as HTML."""
        return numbers(self.reasons, self.days, caption="People refused per day, newest first")


def came_back(report: Summary | None, name: str) -> Back | None:
    """How many people came back after a push of this scenario; None: it is being counted."""
    if report is None:
        return None
    places = [one for one in report.places if one.scenario_type == name]
    of, records = sum(one.looked_back for one in places), sum(one.records for one in places)
    horizon = max((one.horizon_days for one in places if one.horizon_days is not None), default=None)
    return Back(sum(one.came_back for one in places), of, records - of, horizon)


def funnel(name: str, latest: Numbers | None, past: Sequence[ScenarioDay], report: Summary | None) -> list[Stage]:
    """The stages of the last 30 days. Evaluated and due count a person in each run, so they have no
    bar beside what is counted once."""
    runs = sum(one.runs for one in past)
    claimed, sent = sum(one.claimed for one in past), sum(one.recorded for one in past)
    rest = {
        "held out": sum(one.held_out for one in past),
        "skipped": sum(one.skipped for one in past),
        "dead": sum(one.dead for one in past),
        "unknown": sum(one.unknown for one in past),
    }
    others = ", ".join(f"{count:,} {word}" for word, count in rest.items() if count)
    again = f"in {runs:,} runs, each of which counts a person again" if runs != 1 else "in 1 run"
    back = came_back(report, name)

    def share(people: int) -> float:
        return min(100.0, 100 * people / claimed) if claimed else 0.0

    pushes = sum(one.pushes for one in past)
    stages = [
        Stage("Evaluated", latest and latest.evaluated, sum(one.evaluated for one in past), None,
              f"Active people that runs looked at, {again}"),
        Stage("Due", latest and latest.due, sum(one.due for one in past), None,
              "The rule applied to them, again in each run"),
        Stage("Claimed", latest and latest.claimed, claimed, share(claimed), "Allowed to get it"),
        Stage("Sent", latest and latest.recorded, sent, share(sent),
              f"Accepted by the provider, {pushes:,} pushes" + (f"; {others}" if others else "")),
    ]  # fmt: skip
    if back is None:
        return [*stages, Stage("Came back", None, None, None, "Counting …")]
    means = f"Within {back.days} days: {back.came:,} of {back.of:,} ({back.share})." if back.of else ""
    early = f" For {back.open:,} (dashed) it is too early" if back.open else ""
    whole = share(back.came + back.open)
    return [
        *stages,
        Stage("Came back", None, back.came, share(back.came), (means + early).strip() or "Nobody yet", whole),
    ]


def refused(past: Sequence[ScenarioDay], days: Sequence[datetime]) -> RefusedByDay:
    """Why people who were due were not claimed, by day. Each run counts a person again."""
    total: Counter[str] = Counter()
    for one in past:
        total.update(one.refusals)
    had = [one.refusals.get(_HAD, 0) for one in past] if total.pop(_HAD, 0) else []
    by_day = {one.day: one.refusals for one in past}
    local = days[:-1]
    mondays = [number for number, day in enumerate(local) if day.weekday() == 0 and 1 < number < len(local) - 3]
    return RefusedByDay(
        [
            Row(REASONS.get(code, code), [by_day.get(number, {}).get(code, 0) for number in range(len(local))])
            for code, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))
        ],
        [*(words.day(day) for day in local[:-1]), "today"],
        [*mondays, len(local) - 1],
        (min(had), max(had)) if had else None,
    )
