"""The backtest as one HTML file, which needs nothing else: it can be mailed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape

from rekindle.app.backtests import Side
from rekindle.engine.backtest import Backtest, ScenarioPast
from rekindle.pictures.page import bars, columns, document, folded, section, table

Facts = Callable[[ScenarioPast], Iterable[str]]


def page(sides: Mapping[Side, Backtest], *, notes: Sequence[str], facts: Facts) -> str:
    """The whole document: what is true of all, then each scenario, with both configurations side by
    side."""
    first = next(iter(sides.values()))
    title = f"Backtest from {first.since:%Y-%m-%d} to {first.until:%Y-%m-%d}"
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(note)}</p>" for note in notes), _totals(sides)]
    for name in sorted({past.scenario_type for one in sides.values() for past in one.scenarios}):
        for side, one in sides.items():
            for past in one.scenarios:
                if past.scenario_type == name:
                    heading = name if len(sides) == 1 else f"{name} ({side})"
                    parts += _scenario(heading, past, facts)
    for side, one in sides.items():
        parts.append(_load(one, "" if len(sides) == 1 else f" ({side})"))
    return document(title, parts)


def _totals(sides: Mapping[Side, Backtest]) -> str:
    headings = ("scenario", "configuration", "the replay is", "nudged", "pushes", "backlog", "guard days")
    rows = [
        (
            past.scenario_type,
            side,
            past.fidelity.label if past.fault is None or past.fidelity.label == "refused" else "failed",
            *(
                (
                    f"{past.total('nudged'):,}",
                    f"{past.total('pushes'):,}",
                    f"{past.backlog.claimed:,}" if past.backlog else "0",
                    f"{past.held_days:,}",
                )
                if past.fault is None
                else ("?",) * 4
            ),
        )
        for side, one in sides.items()
        for past in one.scenarios
    ]
    return table(headings, sorted(rows), texts=3)


def _scenario(heading: str, past: ScenarioPast, facts: Facts) -> Iterator[str]:
    if past.fault is not None:
        yield section(f"{heading}: {past.fidelity.label}", str(past.fault), "")
        return
    days = sorted(past.days.items())
    label = f"{past.fidelity.label}{''.join(f', {reason}' for reason in past.fidelity.reasons)}"
    backlog = (
        f" At the first tick {past.backlog.claimed:,} people more: the backlog."
        if past.backlog and past.backlog.claimed
        else ""
    )
    yield section(
        f"{heading}, people nudged per day: {past.fidelity.label}",
        f"The replay is {label}.{backlog}",
        columns([(f"{on}", day.nudged) for on, day in days], labels=[f"{days[0][0]}", f"{days[-1][0]}"]),
    )
    yield folded(
        "Numbers",
        table(
            ("day", "due", "nudged", "pushes", "registered by then"),
            [
                (f"{on}", f"{day.due:,}", f"{day.nudged:,}", f"{day.pushes:,}", f"{day.registered:,}")
                for on, day in days
            ],
        ),
    )
    if said := list(facts(past)):
        yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in said) + "</ul>"
    hours = [(f"{hour:02}:00", past.hours.get(hour, 0)) for hour in range(24)]
    yield section(
        f"{heading}, by hour of the day",
        "Where the people live.",
        columns(hours, labels=["0", "6", "12", "18", "23"]) + folded("Numbers", _numbers(("hour", "people"), hours)),
    )
    if past.refusals:
        yield section(
            f"{heading}, due and not claimed",
            "By reason, in people. Each tick counts a person again.",
            bars([(reason, people, f"{people:,}") for reason, people in past.refusals.most_common()]),
        )
    if past.collisions:
        yield section(
            f"{heading}, refused by a frequency cap",
            "The scenarios whose pushes had filled it, in people. Each tick counts a person again.",
            bars([(name, people, f"{people:,}") for name, people in past.collisions.most_common()]),
        )


def _load(one: Backtest, beside: str) -> str:
    rows = [(f"{pushes}", people) for pushes, people in sorted(one.per_person.items())]
    return section(
        f"Pushes per person{beside}",
        f"The most of one person: {one.most_in_7:,} in 7 days, {one.most_in_30:,} in 30 days.",
        bars([(f"{pushes} pushes", people, f"{people:,} people") for pushes, people in rows]),
    )


def _numbers(headings: tuple[str, str], rows: Sequence[tuple[str, int]]) -> str:
    return table(headings, [(label, f"{value:,}") for label, value in rows])
