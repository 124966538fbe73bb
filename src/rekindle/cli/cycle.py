"""The commands `plan`, `run` and `runs`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import typer
from rich.progress import Progress

from rekindle.app import Engine
from rekindle.cli import difference
from rekindle.cli.options import (
    AsJson,
    ConfigPath,
    Organisations,
    Rows,
    Scenarios,
    async_command,
    config,
    ids,
    instant,
    one_person,
    run_key,
    seconds,
    settings,
    stop_on_signals,
)
from rekindle.cli.output import (
    WIDE,
    console,
    people_table,
    preview_table,
    print_json,
    report_line,
    report_table,
    runs_table,
    say,
    say_problems,
)
from rekindle.cli.people import People
from rekindle.cli.places import places
from rekindle.cli.progress import progress_bar
from rekindle.cli.telemetry import MetricsFile, kept
from rekindle.cli.texts import show_texts
from rekindle.documents import candidate_document, people_of, places_of, preview_document, report_document
from rekindle.engine.conditions import moment as moment_text
from rekindle.engine.cycle import Caller, Watch
from rekindle.engine.preview import Preview
from rekindle.engine.show import NOT_EVALUATED
from rekindle.errors import BadArgument, HeldByGuard
from rekindle.log import log
from rekindle.model import Asked, Candidate, Look, Place, Report
from rekindle.policy import request_digest

Budget = Annotated[str | None, typer.Option("--budget", metavar="DURATION", help="End within this time, such as 30s.")]
Confirm = Annotated[
    int,
    typer.Option("--confirm", min=0, metavar="N", help="Allow claims of up to N people past the guard."),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="TEXT", help="Name of this run; the same name is the same run."),
]
_AT = (
    "The plan of {moment}, by the data of now: pushes, activity, devices and opt-outs until then are not known, "
    "a query of your own was run now, and the guard was not asked."
)

Person = Annotated[str | None, typer.Option("--user", metavar="USER", help="Only this person.")]
Limit = Annotated[int, typer.Option(min=0, metavar="N", help="People to list; 0 lists all.")]


@async_command
async def plan(
    scenario: Scenarios = None,
    organisation: Organisations = None,
    user: Person = None,
    show: Annotated[
        str | None, typer.Option("--show", metavar="USER", help="Only this person, with the texts of each push.")
    ] = None,
    changes: Annotated[bool, typer.Option("--changes", help="Compare this file with what is applied.")] = False,
    at: Annotated[
        str | None, typer.Option("--at", metavar="INSTANT", help="A later moment, such as 2026-12-24T09:00+01:00.")
    ] = None,
    limit: Limit = 20,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> int:
    """Show which people would get a push, now or at a later time.

    Also shows why other people who are due would not. Claims nobody and sends nothing.
    """
    if user is not None and show is not None:
        raise BadArgument("--user and --show cannot be used together")
    if show is not None and changes:
        raise BadArgument("--show and --changes cannot be used together")
    if at is not None and changes:
        raise BadArgument("--at and --changes cannot be used together")
    moment = instant("--at", at)
    scenarios, organisations = scenario or (), ids("--organisation", organisation)
    async with Engine.open(settings(), config(config_path)) as engine:
        user_id = await one_person(engine, user or show)
        if changes:
            steps = engine.difference(scenarios=scenarios, organisations=organisations, user_id=user_id)
            return await (
                difference.write_json(engine, steps) if as_json else difference.show(engine, steps, limit=limit)
            )
        if show is not None and user_id is not None:
            shown = await engine.show(user_id, scenarios=scenarios, organisations=organisations, at=moment)
            show_texts(user_id, await engine.names([], [user_id]), shown, as_json=as_json)
            return 2 if any(one.verdict == NOT_EVALUATED for one in shown) else 0
        steps = engine.plan(scenarios=scenarios, organisations=organisations, user_id=user_id, at=moment)
        previews, people = await _planned(steps, limit=limit)
        names = await engine.names(places_of(people), people_of(people))
        if as_json:
            rows = [candidate_document(one, names) for one in people]
            print_json({"at": moment, "scenarios": [preview_document(one) for one in previews], "people": rows})
            return _exit_code(previews)
    _show_plan(previews, people, People(names))
    if moment is not None:
        say(_AT.format(moment=moment_text(moment)))
    return _exit_code(previews)


def _exit_code(previews: list[Preview]) -> int:
    return 2 if any(one.fault for one in previews) else 0


async def _planned(steps: AsyncGenerator[Candidate | Preview], *, limit: int) -> tuple[list[Preview], list[Candidate]]:
    """Collect the preview of each scenario and the first `limit` people (0: all)."""
    previews: list[Preview] = []
    people: list[Candidate] = []
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Preview):
                previews.append(step)
            elif not limit or len(people) < limit:
                people.append(step)
    return previews, people


def _show_plan(previews: list[Preview], people: list[Candidate], named: People) -> None:
    console().print(preview_table(previews, checked=False))
    say_problems(previews)
    if people:
        say()
        console().print(people_table(people, named))
    due = sum(one.due for one in previews)
    if len(people) < due:
        say(f"… and {due - len(people):,} more; --limit 0 lists everyone.")


@async_command
async def run(
    scenario: Scenarios = None,
    organisation: Organisations = None,
    user: Person = None,
    budget: Budget = None,
    confirm: Confirm = 0,
    key: Key = None,
    metrics_file: MetricsFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Validate every message; claim and send nothing.")] = False,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> int:
    """Run one cycle: evaluate, claim, dispatch, record, report."""
    loaded = config(config_path)
    budget_seconds = seconds(budget)
    scenarios, organisations = scenario or (), ids("--organisation", organisation)
    named = None if key is None else run_key(key)
    async with Engine.open(settings(), loaded) as engine, kept(engine, metrics_file):
        user_id = await one_person(engine, user)
        digest = request_digest(
            scenarios=scenarios,
            organisations=organisations,
            user_id=user_id,
            budget_seconds=budget_seconds,
            confirmed=confirm,
        )
        asked = None if named is None else Asked(named, digest)
        if dry_run:
            previews = await engine.dry_run(scenarios=scenarios, organisations=organisations, user_id=user_id)
            return _show_dry_run(previews, as_json=as_json)
        await warn_if_not_applied(engine)
        report = None if asked is None else await engine.run_under(asked)
        if report is None:
            with progress_bar("sending", quiet=as_json) as progress:
                report = await engine.run(
                    scenarios=scenarios,
                    organisations=organisations,
                    user_id=user_id,
                    budget_seconds=budget_seconds,
                    confirmed=confirm,
                    caller=Caller(asked=asked, watch=_watch(progress), stop=stop_on_signals()),
                )
    show_report(report, as_json=as_json)
    if user_id is not None and not as_json and report.scenarios and not any(one.evaluated for one in report.scenarios):
        say("This person is not an active recipient here. `rekindle explain` says why.")
    return 0 if asked is not None and report.status == "running" else report.exit_code


def _show_dry_run(previews: list[Preview], *, as_json: bool) -> int:
    """Print the findings of a dry run. Returns the exit code."""
    if as_json:
        print_json([preview_document(one) for one in previews])
    else:
        console().print(preview_table(previews, checked=True))
        say_problems(previews)
        say("Dry run: nothing was claimed or sent.")
    if any(one.held or one.fault for one in previews):
        return HeldByGuard.exit_code
    return 1 if any(set(one.checks) - {"valid"} for one in previews) else 0


def show_report(report: Report, *, as_json: bool) -> None:
    """Print a run's numbers."""
    if as_json:
        print_json(report_document(report))
        return
    if report.scenarios:  # none if no scenario could be evaluated
        console().print(report_table(report))
    say(report_line(report))
    for one in report.scenarios:
        if one.unreachable:
            say(
                f"warning: {one.scenario_type} reached none of {one.due:,} people who are due, because none has a "
                "usable device token. `rekindle check` counts them."
            )


@async_command
async def runs(
    limit: Rows = 20,
    follow: Annotated[
        str | None, typer.Option("--follow", metavar="UUID", help="Follow this run until it ends.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show the history of runs, or follow one of any process."""
    async with Engine.open(settings()) as engine:
        if follow is not None:
            return await _follow(engine, ids("--follow", [follow])[0], as_json=as_json)
        reports = await engine.runs(limit=limit)
        where = await places(engine, (Place(id_) for one in reports for id_ in one.organisations))
    if as_json:
        print_json([report_document(one) for one in reports])
    elif reports:
        console(WIDE).print(runs_table(reports, where))
    else:
        say("There was no run yet.")
    return 0


async def _follow(engine: Engine, run_id: UUID, *, as_json: bool) -> int:
    """Show how far a run is until it ends, or until a signal, then its report. Returns the report's
    exit code."""
    last: Look | None = None
    with progress_bar("sending", quiet=as_json) as progress:
        task = progress.add_task("sending", total=None)
        async with aclosing(engine.watch(run_id, stop=stop_on_signals())) as looks:
            async for last in looks:
                claims = sum(one.claimed + one.carried for one in last.report.scenarios)
                left = sum(one.pending for one in last.report.scenarios)
                progress.update(task, total=claims or None, completed=claims - left)
    if last is None:
        return 0
    show_report(last.report, as_json=as_json)
    if last.sight == "abandoned" and last.report.status == "running":
        say("Its process has not been seen for 30 s. The next run finishes its work.")
    return last.report.exit_code


async def warn_if_not_applied(engine: Engine) -> None:
    """Log a warning if the file differs from what is applied. Runs use what is applied."""
    changed = sorted(name for name, change in (await engine.changes()).items() if change != "same")
    if changed:
        log.warning("config.not_applied", scenarios=changed, hint="run `rekindle apply` to put the file in force")


def _watch(progress: Progress) -> Watch:
    """The progress of a run. Claims are counted in people and answers in devices, so the total
    grows if more answers arrive than people were claimed."""
    task = progress.add_task("sending", total=None)

    def answered(count: int) -> None:
        progress.advance(task, count)
        done = progress.tasks[0].completed
        if progress.tasks[0].total is not None and done > progress.tasks[0].total:
            progress.update(task, total=done)

    return Watch(
        claimed=lambda numbers: progress.update(task, total=sum(one.claimed for one in numbers)), answered=answered
    )
