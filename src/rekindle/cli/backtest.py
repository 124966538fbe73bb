"""The command `backtest`: what scenarios would have done in the past."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.app.backtests import Side
from rekindle.cli.files import whole_file
from rekindle.cli.options import AsJson, ConfigPath, Scenarios, async_command, config, seconds, settings
from rekindle.cli.output import WIDE, Table, console, counts, print_json, say
from rekindle.cli.progress import progress_bar
from rekindle.documents import backtest_document, plain, saved_backtest_document
from rekindle.effect.base_rate import likely, people_needed
from rekindle.engine.backtest import Backtest, ScenarioPast, Spread
from rekindle.pictures.backtest import page
from rekindle.ports import BaseRate

PRESENT = (
    "People, places, languages, devices, opt-outs and switches are those of now, and people who have left are "
    "missing. Nobody fails, and nobody is held out."
)
ENOUGH = 20
"""With fewer people than this, a base rate says nothing about how many a comparison needs."""

NO_EFFECT = (
    "This says nothing about whether a push helps. A later push of a person is counted as if the first one had "
    "changed nothing."
)


@async_command
async def backtest(
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="How far to go back.")] = "90d",
    scenario: Scenarios = None,
    config_path: ConfigPath = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts, in one file.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Store the numbers, for GET /v1/backtests.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show what the scenarios would have done in the past.

    Replays the time before now, tick by tick, in a transaction that cannot write. With --config,
    compares that file with what is applied.
    """
    within_seconds = seconds(since, "--since") or 0
    async with Engine.open(settings(), config(config_path)) as engine:
        with progress_bar("ticks", quiet=as_json) as bar:
            task = bar.add_task("ticks", total=None)
            sides = await engine.backtest(
                within_seconds=within_seconds,
                scenarios=scenario or (),
                compare=config_path is not None,
                seen=lambda done, total: bar.update(task, completed=done, total=total),
            )
        documents = {side: backtest_document(one) for side, one in sides.items()}
        saved = None
        if save:
            result = json.loads(json.dumps(documents, default=plain))
            saved = await engine.save_backtest(sides, result, scenarios=scenario or ())
    if html is not None:
        with whole_file(html, "backtest", "--html") as file:
            file.write(page(sides, notes=(PRESENT, NO_EFFECT), facts=facts))
    if as_json:
        print_json(documents if saved is None else saved_backtest_document(saved))
    elif html is None:
        _print(sides)
    else:
        say(f"Wrote {html}.")
    if saved is not None and not as_json:
        say(f"Saved: GET /v1/backtests/{saved.backtest_id} answers with the numbers.")
    replayed = [one for side in sides.values() for one in side.scenarios]
    failed = [one for one in replayed if one.fault is not None]
    return 2 if len(failed) == len(replayed) or any(one.fidelity.label != "refused" for one in failed) else 0


def _print(sides: Mapping[Side, Backtest]) -> None:
    first = next(iter(sides.values()))
    say(f"From {first.since:%Y-%m-%d %H:%M} to {first.until:%Y-%m-%d %H:%M} UTC, {first.ticks:,} ticks.")
    if any(one.thinned for one in sides.values()):
        say("The ticks of each hour count as one, because there are more than 2,000.")
    console(WIDE).print(_table(sides))
    for side, one in sides.items():
        for past in one.scenarios:
            for line in _lines(past):
                say(f"{_name(past, side, sides)}: {line}")
        beside = f" ({side})" if len(sides) > 1 else ""
        if one.per_person:
            say(f"Most pushes of one person{beside}: {one.most_in_7:,} in 7 days, {one.most_in_30:,} in 30 days.")
    say(PRESENT)
    say(NO_EFFECT)


def _table(sides: Mapping[Side, Backtest]) -> Table:
    """One row per scenario and configuration."""
    table = Table()
    table.add_column("scenario", no_wrap=True)
    table.add_column("the replay is", no_wrap=True)
    for heading in ("due a day", "nudged a day", "95 % of days", "most", "nudged", "pushes", "backlog", "guard days"):
        table.add_column(heading, justify="right")
    for name in sorted({past.scenario_type for one in sides.values() for past in one.scenarios}):
        for side, one in sides.items():
            for past in one.scenarios:
                if past.scenario_type == name:
                    table.add_row(_name(past, side, sides), *_cells(past))
    return table


def _cells(past: ScenarioPast) -> tuple[str, ...]:
    if past.fault is not None:
        return ("refused" if past.fidelity.label == "refused" else "failed", *("?" for _ in range(8)))
    due, nudged = past.spread("due"), past.spread("nudged")
    return (
        past.fidelity.label,
        middle(due),
        middle(nudged),
        f"{nudged.high:,}",
        f"{nudged.most:,}",
        f"{past.total('nudged'):,}",
        f"{past.total('pushes'):,}",
        f"{past.backlog.claimed:,}" if past.backlog else "0",
        f"{past.held_days:,}",
    )


def middle(spread: Spread) -> str:
    """The median, without a fraction that is zero."""
    return f"{spread.median:,.0f}" if spread.median == int(spread.median) else f"{spread.median:,.1f}"


def _name(past: ScenarioPast, side: Side, sides: Mapping[Side, Backtest]) -> str:
    return f"{past.scenario_type} ({side})" if len(sides) > 1 else past.scenario_type


def _lines(past: ScenarioPast) -> Iterator[str]:
    """What is said of one scenario below the table."""
    if past.fault is not None:
        yield str(past.fault)
        return
    yield from (f"{past.fidelity.label}: {reason}" for reason in past.fidelity.reasons)
    if past.refusals:
        yield f"due and not claimed, counted at each tick: {counts(past.refusals)}"
    if past.collisions:
        yield f"refused by a frequency cap that these had filled: {counts(past.collisions)}"
    yield from facts(past)


def facts(past: ScenarioPast) -> Iterator[str]:
    """What is said of one scenario besides its numbers and reasons."""
    registered, nudged = past.total("registered"), past.total("nudged")
    if registered < nudged:
        yield f"of {nudged:,} people nudged, {registered:,} had registered a device by then"
    if past.real is not None:
        yield f"own check: the runs saw {past.real[0]:,} due, the replay {past.real[1]:,}"
    if past.base_rate is not None:
        yield from base_rate_lines(past.base_rate)


def base_rate_lines(rate: BaseRate) -> Iterator[str]:
    """How many came back anyway, and how many people a comparison would need."""
    if rate.unknown is not None:
        yield f"came back anyway: not known, because {rate.unknown}"
        return
    if not rate.people:
        if rate.nudged:
            yield f"came back anyway: not known, because all of {rate.nudged:,} people were nudged"
        return
    text = f"came back anyway within {rate.horizon_days} days: {rate.came_back:,} of {rate.people:,}"
    if interval := likely(rate.came_back, rate.people):
        text += f", {rate.came_back / rate.people:.0%} (between {interval[0]:.0%} and {interval[1]:.0%})"
    if rate.nudged:
        text += f"; {rate.nudged:,} who were nudged are left out"
    yield text
    if rate.people >= ENOUGH and (people := people_needed(rate.came_back, rate.people, held_out=0.5)):
        yield f"to see a gain of 5 points with half of them held out takes about {people:,} people"
