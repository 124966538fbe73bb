"""The commands `tick`, `worker` and `status`."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from rekindle.app import Engine
from rekindle.cli.cycle import show_report, warn_if_not_applied
from rekindle.cli.options import AsJson, ConfigPath, async_command, config, settings, stop_on_signals
from rekindle.cli.output import WIDE, Table, console, print_json, say
from rekindle.cli.telemetry import MetricsFile, MetricsHost, MetricsPort, kept, observed
from rekindle.documents import report_document, schedule_document
from rekindle.engine.cycle import Caller
from rekindle.fleet.status import ScheduleStatus, Status

RunsAtOnce = Annotated[int, typer.Option("--runs", min=1, max=16, metavar="N", help="Most runs at the same time.")]


@async_command
async def tick(metrics_file: MetricsFile = None, config_path: ConfigPath = None, as_json: AsJson = False) -> int:
    """Begin and work the ticks that are due, then end.

    For a scheduler that calls it often, such as cron each minute, on any number of machines. The
    database's clock decides. If nothing is due, the exit code is 0.
    """
    async with Engine.open(settings(), config(config_path)) as engine, kept(engine, metrics_file):
        await warn_if_not_applied(engine)
        reports = await engine.tick(caller=Caller(stop=stop_on_signals()))
    if as_json:
        print_json([report_document(one) for one in reports])
    elif not reports:
        say("Nothing is due.")
    else:
        for report in reports:
            show_report(report, as_json=False)
    return max((one.exit_code for one in reports), default=0)


@async_command
async def worker(
    runs: RunsAtOnce = 2,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = None,
    config_path: ConfigPath = None,
) -> None:
    """Begin runs by the schedules, until it is stopped.

    Start as many workers as you like, on any machines: each instant is begun once. A worker also
    sends what earlier runs left. On SIGTERM it finishes what is under way.
    """
    environment, loaded, stop = settings(), config(config_path), stop_on_signals()
    async with (
        Engine.open(environment, loaded, runs=runs, waiting=stop) as engine,
        observed(engine, port=metrics_port, host=metrics_host),
    ):
        await warn_if_not_applied(engine)
        say(f"Working through {loaded.dispatcher.kind}; Ctrl-C stops it.")
        await engine.work(stop=stop, runs=runs)


@async_command
async def status(as_json: AsJson = False) -> int:
    """Show whether the schedules run, and what waits.

    It shows the last and next ticks and the live workers. Exit code 2: a schedule is overdue, or
    its last run failed.
    """
    async with Engine.open(settings()) as engine:
        found = await engine.status()
    if as_json:
        print_json(_status_json(found))
    else:
        _show_status(found)
    return found.exit_code


def _status_json(found: Status) -> dict[str, Any]:
    return {
        "schedules": [schedule_document(one) for one in found.schedules],
        "workers": [dataclasses.asdict(one) for one in found.workers],
        **dataclasses.asdict(found.counts),
        "exit_code": found.exit_code,
    }


def _show_status(found: Status) -> None:
    if found.schedules:
        console(WIDE).print(_schedules_table(found.schedules))
    else:
        say("No scenario has a schedule.")
    for one in found.schedules:
        if one.state == "failed" and one.last is not None:
            say(f"{one.schedule.scenario_type}: {one.last.status}: {one.last.halted_by or '-'}")
    hosts = ", ".join(sorted({one.host for one in found.workers})) or "none"
    say(f"{len(found.workers)} workers alive ({hosts}); {found.counts.waiting:,} sends wait.")
    if found.schedules and not found.workers:
        say("Start `rekindle worker`, or call `rekindle tick` every minute.")
    day = found.counts
    say(
        f"In 24 hours: {day.halted:,} runs halted, {day.unknown:,} sends with unknown outcome, "
        f"{day.disabled:,} tokens disabled."
    )


def _schedules_table(schedules: Sequence[ScheduleStatus]) -> Table:
    table = Table()
    for heading in ("scenario", "schedule", "time zone", "state", "last", "age", "next"):
        table.add_column(heading, no_wrap=True)
    table.add_column("skipped", justify="right")
    for one in schedules:
        schedule = one.schedule
        age = "-" if one.last_at is None else _age((schedule.now - one.last_at).total_seconds())
        last, following = ("-" if at is None else f"{at:%Y-%m-%d %H:%M} UTC" for at in (one.last_at, one.next_at))
        table.add_row(
            schedule.scenario_type,
            schedule.cron,
            schedule.timezone,
            one.state,
            last,
            age,
            following,
            f"{schedule.skipped:,}",
        )
    return table


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
