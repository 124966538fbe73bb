"""Formats results: as tables for people, or as one JSON document for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import rich.table
from rich.console import Console
from rich.text import Text

from rekindle.cli.options import INVOCATION
from rekindle.cli.people import People
from rekindle.cli.places import Places
from rekindle.cli.tracebacks import traceback_text
from rekindle.documents import plain
from rekindle.engine.guard import together
from rekindle.engine.preview import Preview
from rekindle.errors import ConfigInvalid, HeldByGuard, RekindleError
from rekindle.foreign import escaped, printable
from rekindle.model import Candidate, Numbers, Report
from rekindle.policy import duration
from rekindle.ports import ScenarioStatus

_WIDTH_WHEN_PIPED = 140
WIDE = 240
"""The width for tables of ids and numbers, which must not be wrapped or cut off."""


def console(piped_width: int = _WIDTH_WHEN_PIPED) -> Console:
    """Standard output, `piped_width` columns wide if it is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else piped_width, highlight=False)


class Table(rich.table.Table):
    """A table without borders. Its cells are plain text, without control characters."""

    def __init__(self) -> None:
        super().__init__(box=None, pad_edge=False, header_style="bold")

    def add_row(self, *cells: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Add one row of texts."""
        super().add_row(*(Text(printable(cell)) for cell in cells))  # Rich reads markup and emoji in a str


def say(text: str = "") -> None:
    """Print one line of text, without control characters."""
    console().print(Text(printable(text)), soft_wrap=True)


def complain(text: str) -> None:
    """Write one line to stderr, without control characters."""
    sys.stderr.write(printable(text) + "\n")


def write(text: str) -> None:
    """Write text to stdout as it is: JSON, or a script."""
    sys.stdout.write(text)


def print_script(text: str) -> None:
    """Print a script. For a program it is exact; a terminal gets it without control characters."""
    write("".join(f"{printable(line)}\n" for line in text.splitlines()) if sys.stdout.isatty() else text)


def print_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    write(json_text(value, indent=2) + "\n")


def json_text(value: Any, *, indent: int | None = None) -> str:
    """The JSON of a value, with ids and instants as text. Characters that a terminal would obey are
    escaped, and so are those that stdout has no bytes for."""
    ascii_only = sys.stdout.encoding.lower().replace("-", "") != "utf8"
    return escaped(json.dumps(value, default=plain, ensure_ascii=ascii_only, indent=indent))


def fail(fault: RekindleError) -> int:
    """Print the error and its hint to stderr. Returns the exit code."""
    if INVOCATION.debug:
        for line in traceback_text(fault).splitlines():
            complain(line)
    if isinstance(fault, ConfigInvalid) and len(fault.problems) > 1:
        complain(f"error: {fault.code}: {len(fault.problems)} mistakes in the configuration. {fault.hint}")
        for problem in fault.problems:
            complain(f"  - {problem}")
    else:
        complain(f"error: {fault}")
    return fault.exit_code


def counts(numbers: Mapping[str, int]) -> str:
    """List reasons with their counts, the largest first."""
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count:,}" for reason, count in ordered) or "-"


def report_table(report: Report) -> Table:
    """One row per scenario: how many people were evaluated, and what happened to them."""
    table = Table()
    table.add_column("scenario", no_wrap=True)
    for heading in ("evaluated", "due", "claimed", "sent", "pushes"):
        table.add_column(heading, justify="right")
    table.add_column("not claimed, and why")
    table.add_column("not sent, and why")
    for one in report.scenarios:
        table.add_row(
            one.scenario_type,
            f"{one.evaluated:,}",
            f"{one.due:,}",
            f"{one.claimed:,}" + (f" +{one.carried:,}" if one.carried else ""),
            f"{one.recorded:,}",
            f"{one.pushes:,}",
            counts(one.refusals),
            unsent(one),
        )
    return table


def unsent(one: Numbers) -> str:
    """Count the claims that did not end in a record, by ending, with the reasons."""
    endings = {
        name: getattr(one, name) for name in ("held_out", "skipped", "dead", "unknown", "pending", "handed_over")
    }
    text = counts({name: count for name, count in endings.items() if count})
    return text + (f" ({counts(one.reasons)})" if one.reasons else "")


def report_line(report: Report) -> str:
    """One line that says how the run ended."""
    took = "-"
    if report.finished_at is not None:
        took = f"{(report.finished_at - report.started_at).total_seconds():.2f} s"
    pushes = sum(one.pushes for one in report.scenarios)
    left = sum(one.pending for one in report.scenarios)
    text = {
        "done": "done",
        "budget": f"the budget of {report.budget_seconds:g} s is used up; {left:,} claims are left for the next run",
        "incomplete": "done, but some claimed people were not reached",
        "halted": f"stopped: {report.halted_by}",
        "running": "still running",
        "abandoned": "abandoned: the process ended without a report",
        "not_started": f"not started: {report.halted_by}",
    }[report.status]
    if report.status != "abandoned" and report.abandoned_at is not None:
        text += f" (it was called abandoned at {report.abandoned_at:%H:%M:%S}, and reported its end later)"
    people = "1 person" if report.reached == 1 else f"{report.reached:,} people"
    return f"{people} reached, {pushes:,} {'push' if pushes == 1 else 'pushes'}, {took} via {report.dispatcher}: {text}"


def preview_table(previews: Sequence[Preview], *, checked: bool) -> Table:
    """One row per scenario of a plan or a dry run."""
    table = Table()
    table.add_column("scenario", no_wrap=True)
    for heading in ("evaluated", "due", "would claim"):
        table.add_column(heading, justify="right")
    table.add_column("would not, and why")
    if checked:
        table.add_column("messages checked")
    for one in previews:
        held_out = f" ({one.held_out:,} held out)" if one.held_out else ""
        numbers = (f"{one.evaluated:,}", f"{one.due:,}", f"{one.would_claim:,}{held_out}", counts(one.refusals))
        row = [one.scenario_type, *(numbers if one.fault is None else ("?", "?", "?", "not known"))]
        table.add_row(*row, *([counts(one.checks)] if checked else []))
    return table


def say_held(each: Iterable[HeldByGuard | None]) -> None:
    """Print what the guard would stop in a plan or a dry run, and why."""
    held = together([one for one in each if one is not None])
    if held is not None:
        say(str(held))


def say_problems(previews: Sequence[Preview]) -> None:
    """Print which scenarios of a plan or a dry run cannot be evaluated, what the guard would stop,
    and why."""
    for one in previews:
        if one.fault is not None:
            say(str(one.fault))
    say_held(one.held for one in previews)


def people_table(people: Sequence[Candidate], named: People) -> Table:
    """One row per person of a plan."""
    table = Table()
    for heading in ("person", "scenario", "because", "verdict"):
        table.add_column(heading, no_wrap=heading != "because")
    for one in people:
        verdict = f"refused: {one.refusal}" if one.refusal else f"would claim, {len(one.devices)} device(s)"
        if one.verdict == "held_out":
            verdict = "held out by a trial"
        elif one.text_name is not None and one.refusal is None:
            verdict += f", text {one.text_name}"
        table.add_row(named.person(one.user_id), one.scenario_type, one.occurrence, verdict)
    return table


def scenarios_table(statuses: Sequence[ScenarioStatus]) -> Table:
    """One row per applied scenario, with the numbers of its last run."""
    table = Table()
    table.add_column("scenario", no_wrap=True)
    for heading in ("version", "kind", "enabled", "schedule", "priority", "horizon", "last run"):
        table.add_column(heading, no_wrap=True)
    for heading in ("evaluated", "due", "sent"):
        table.add_column(heading, justify="right")
    table.add_column("not claimed, and why")
    for status in statuses:
        scenario, latest = status.applied.scenario, status.latest
        table.add_row(
            status.applied.scenario_type,
            str(status.applied.version),
            scenario.kind,
            "yes" if scenario.enabled else "in places" if scenario.enabled_somewhere else "no",
            scenario.schedule or "-",
            str(scenario.priority),
            duration(scenario.outcome.horizon),
            f"{status.last_run_at:%Y-%m-%d %H:%M} UTC" if status.last_run_at else "never",
            *((f"{latest.evaluated:,}", f"{latest.due:,}", f"{latest.recorded:,}") if latest else ("-", "-", "-")),
            counts(latest.refusals) if latest else "-",
        )
    return table


def runs_table(reports: Sequence[Report], where: Places) -> Table:
    """One row per run. Its numbers are sums over the scenarios; only `reached` counts each person
    once. `held_out` is left out if no run held somebody out."""
    table = Table()
    for heading in ("run", "started", "status", "via"):
        table.add_column(heading, no_wrap=True)
    held_out = any(one.held_out for report in reports for one in report.scenarios)
    names = (
        *("evaluated", "due", "claimed", "recorded"),
        *(("held_out",) if held_out else ()),
        *("skipped", "dead", "unknown", "pending"),
    )
    for heading in names:
        table.add_column(heading, justify="right")
    table.add_column("reached", justify="right")
    table.add_column("by", no_wrap=True)
    table.add_column("organisations")
    for report in reports:
        sums = (f"{sum(getattr(one, name) for one in report.scenarios):,}" for name in names)
        started = f"{report.started_at:%Y-%m-%d %H:%M:%S}"
        by = report.started_by or ("tick" if report.tick else "-")
        covered = ", ".join(map(where.organisation, report.organisations)) or "all"
        table.add_row(
            str(report.run_id), started, report.status, report.dispatcher, *sums, f"{report.reached:,}", by, covered
        )
    return table
