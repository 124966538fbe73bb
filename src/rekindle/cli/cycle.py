"""Commands around one cycle: what it would do, doing it, and what was done."""

from contextlib import aclosing
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rekindle.app import Engine
from rekindle.cli import difference
from rekindle.cli.options import (
    AsJson,
    ConfigPath,
    Organisations,
    Scenarios,
    config,
    ids,
    seconds,
    settings,
    stop_on_signals,
    wait,
)
from rekindle.cli.output import (
    WIDE,
    candidate_json,
    console,
    people_table,
    preview_json,
    preview_table,
    print_json,
    report_json,
    report_line,
    report_table,
    runs_table,
    say,
    say_held,
    unknown_table,
)
from rekindle.cli.texts import show_texts
from rekindle.engine.cycle import Watch
from rekindle.engine.preview import Preview
from rekindle.errors import BadArgument, HeldByGuard
from rekindle.log import log
from rekindle.model import Candidate, Report

Budget = Annotated[str | None, typer.Option("--budget", help="End within this time, such as 30s.")]
Confirm = Annotated[int, typer.Option("--confirm", min=0, help="Let so many people go whom the guard would hold back.")]
Limit = Annotated[int, typer.Option(min=0, help="How many people to list; 0: all of them.")]
Rows = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many to list, newest first.")]


def plan(
    scenario: Scenarios = None,
    organisation: Organisations = None,
    user: Annotated[str | None, typer.Option("--user", help="Only this person.")] = None,
    show: Annotated[str | None, typer.Option("--show", help="Only this person, with the texts to read.")] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="What this configuration would change against what is applied.")
    ] = False,
    limit: Limit = 20,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Show who would be notified now and who not, and why. Claims nothing, sends nothing."""

    async def work() -> int:
        people: list[Candidate] = []
        previews: list[Preview] = []
        user_id = ids([user])[0] if user else None
        shown_id = ids([show])[0] if show else None
        if user_id is not None and shown_id is not None:
            raise BadArgument("say either --user or --show")
        if shown_id is not None and changes:
            raise BadArgument("say either --show or --changes")
        async with Engine.open(settings(), config(config_path)) as engine:
            if shown_id is not None:
                shown = await engine.show(shown_id, scenarios=scenario or (), organisations=ids(organisation))
                show_texts(shown_id, shown, as_json=as_json)
                return 0
            if changes:
                found = engine.difference(scenarios=scenario or (), organisations=ids(organisation), user_id=user_id)
                return await (difference.write_json(found) if as_json else difference.show(found, limit=limit))
            steps = engine.plan(scenarios=scenario or (), organisations=ids(organisation), user_id=user_id)
            async with aclosing(steps):
                async for step in steps:
                    if isinstance(step, Preview):
                        previews.append(step)
                    elif not limit or len(people) < limit:
                        people.append(step)
        if as_json:
            print_json(
                {
                    "scenarios": [preview_json(one) for one in previews],
                    "people": [candidate_json(one) for one in people],
                }
            )
            return 0
        console().print(preview_table(previews, checked=False))
        say_held(previews)
        if people:
            console().print()
            console().print(people_table(people))
        due = sum(one.due for one in previews)
        if len(people) < due:
            say(f"… and {due - len(people):,} more; --limit 0 lists everyone.")
        return 0

    raise typer.Exit(wait(work()))


def run(
    scenario: Scenarios = None,
    organisation: Organisations = None,
    budget: Budget = None,
    confirm: Confirm = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Render and validate all, claim and send nothing.")
    ] = False,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Run one cycle: evaluate, claim, dispatch, record, report."""

    async def work() -> int:
        loaded = config(config_path)
        budget_seconds = seconds(budget)
        async with Engine.open(settings(), loaded) as engine:
            if dry_run:
                previews = await engine.dry_run(scenarios=scenario or (), organisations=ids(organisation))
                if as_json:
                    print_json([preview_json(one) for one in previews])
                else:
                    console().print(preview_table(previews, checked=True))
                    say_held(previews)
                    say("Dry run: nothing was claimed or sent.")
                if any(one.held for one in previews):
                    return HeldByGuard.exit_code
                return 1 if any(set(one.checks) - {"valid"} for one in previews) else 0
            await warn_if_not_applied(engine)
            with _progress(quiet=as_json) as progress:
                report = await engine.run(
                    scenarios=scenario or (),
                    organisations=ids(organisation),
                    budget_seconds=budget_seconds,
                    confirmed=confirm,
                    watch=_watch(progress),
                    stop=stop_on_signals(),
                )
        show_report(report, as_json=as_json)
        return report.exit_code

    raise typer.Exit(wait(work()))


def show_report(report: Report, *, as_json: bool) -> None:
    """Print a run's numbers."""
    if as_json:
        print_json(report_json(report))
        return
    console().print(report_table(report))
    say(report_line(report))


def runs(limit: Rows = 20, as_json: AsJson = False) -> None:
    """Show the history of runs."""

    async def work() -> None:
        async with Engine.open(settings()) as engine:
            reports = await engine.runs(limit=limit)
        if as_json:
            print_json([report_json(one) for one in reports])
        elif reports:
            console(WIDE).print(runs_table(reports))
        else:
            say("There was no run yet.")

    wait(work())


def unknown_list(limit: Rows = 100, as_json: AsJson = False) -> None:
    """List sends whose outcome nobody knows, newest first."""

    async def work() -> None:
        async with Engine.open(settings()) as engine:
            sends = await engine.unknown(limit=limit)
        if as_json:
            names = ("claim_id", "device_id", "user_id", "scenario_type", "reason", "armed_at", "closed_at", "attempts")
            print_json([{name: getattr(one, name) for name in names} for one in sends])
        elif sends:
            console(WIDE).print(unknown_table(sends))
        else:
            say("There are no sends with an unknown outcome.")

    wait(work())


def unknown_settle(
    claim: Annotated[str, typer.Argument(help="The claim, as `rekindle unknown list` shows it.")],
    sent: Annotated[str | None, typer.Option("--sent", help="It was sent; the name that the provider gave it.")] = None,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="It was certainly not sent.")] = False,
) -> None:
    """Settle an uncertain send on your word: recorded as sent, or dead and free to be tried again."""
    if (sent is None) != not_sent:
        raise BadArgument("say either --sent NAME or --not-sent")
    claim_id = ids([claim])[0]

    async def work() -> None:
        async with Engine.open(settings()) as engine:
            settled = await engine.settle(claim_id, provider_name=sent)
        say(f"settled {settled} send(s) of claim {claim_id} as {'not sent' if not_sent else 'sent'}")

    wait(work())


async def warn_if_not_applied(engine: Engine) -> None:
    """A file that differs from what is applied was warned of: runs read what is applied."""
    changed = sorted(name for name, change in (await engine.changes()).items() if change != "same")
    if changed:
        log.warning("config.not_applied", scenarios=changed, mend="run `rekindle apply` to put the file in force")


def _progress(*, quiet: bool) -> Progress:
    terminal = Console(stderr=True)
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=terminal, transient=True, disable=quiet or not terminal.is_terminal)


def _watch(progress: Progress) -> Watch:
    """Claims are counted in people and answers in devices: the bar's total grows with what is seen."""
    task = progress.add_task("sending", total=None)

    def answered(count: int) -> None:
        progress.advance(task, count)
        done = progress.tasks[0].completed
        if progress.tasks[0].total is not None and done > progress.tasks[0].total:
            progress.update(task, total=done)

    return Watch(
        claimed=lambda numbers: progress.update(task, total=sum(one.claimed for one in numbers)), answered=answered
    )
