"""The commands `init`, `migrate`, `apply`, `check` and `scenarios`."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rekindle.app import Engine, write_migrations
from rekindle.app import migrate as migrate_database
from rekindle.cli import difference
from rekindle.cli.options import AsJson, ConfigPath, async_command, config, settings
from rekindle.cli.output import console, print_json, say, scenarios_table
from rekindle.cli.places import places
from rekindle.cli.trials import outlook_line, renamed_line, trial_line
from rekindle.documents import places_of_scenario, scenario_document, version_document
from rekindle.engine.conditions import moment
from rekindle.engine.findings import Finding
from rekindle.errors import BadArgument
from rekindle.ports import Change, ScenarioVersion
from rekindle.sample import write_init_files


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write to; it must exist.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    supabase: Annotated[bool, typer.Option("--supabase", help="Also write apps.sql: what your apps may read.")] = False,
) -> None:
    """Write a rekindle.toml and a source.sql to start from."""
    for path in write_init_files(folder, force=force, supabase=supabase):
        say(f"wrote {path}")
    say("Next: edit source.sql and run it on your database, `rekindle migrate`, `rekindle check`, `rekindle apply`.")


@async_command
async def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be run; change nothing.")] = False,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="PATH", help="Write the files here instead, for another tool.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create or update the tables of schema rekindle.

    Requires a role that may create schemas and roles.
    """
    if into is not None:
        if dry_run:
            raise BadArgument("--into and --dry-run cannot be used together")
        written = write_migrations(into)
        if as_json:
            print_json({"written": [str(path) for path in written]})
            return
        for path in written:
            say(f"wrote {path}")
        if not written:
            say(f"{into} has every migration.")
        return
    done = await migrate_database(settings(), dry_run=dry_run)
    names = [f"{one.version}_{one.name}" for one in done.ran]
    if as_json:
        print_json({"dry_run": dry_run, "migrations": names, "repaired": done.repaired})
        return
    for name in names:
        say(f"{'would run' if dry_run else 'ran'} {name}")
    for what in done.repaired:
        say(f"{'would give' if dry_run else 'gave'} back {what}")
    if not names and not done.repaired:
        say("The database is up to date.")


@async_command
async def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; store nothing.")] = False,
    retire: Annotated[
        bool, typer.Option("--retire", help="Retire scenarios that the file does not have; do not ask.")
    ] = False,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Check the configuration and put its scenarios in force.

    Also shows how many people each change affects.
    """
    async with Engine.open(settings(), config(config_path)) as engine:
        await engine.ready_to_apply()
        trials = await engine.trial_changes()
        differences = await difference.numbers(engine.difference(unchanged=False))
        where = await places(engine, difference.organisations(differences))
        if differences and not as_json:
            difference.show_numbers(differences, where)
        if dry_run:
            changes = [
                Change(one.scenario_type, None, one.change, one.was) for one in differences if one.change != "same"
            ]
        else:
            retired = [one.scenario_type for one in differences if one.change == "retired"]
            agreed = retire or (bool(retired) and not as_json and _asked_to_retire(retired))
            changes = await engine.apply(checked=True, retire=agreed)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "changes": [dataclasses.asdict(one) for one in changes],
                "trials": [one.document() for one in trials],
                "difference": [difference.numbers_of(one, where) for one in differences],
            }
        )
        return
    for one in changes:
        former = f", which was {one.was}" if one.was else ""
        say(
            f"would be {one.change}: {one.scenario_type}{former}"
            if dry_run
            else f"{one.change} {one.scenario_type} (version {one.version}){former}"
        )
    names = {one.was: one.scenario_type for one in changes if one.was}
    for one in trials:
        say(trial_line(one, dry_run=dry_run))
        if line := renamed_line(one, names, dry_run=dry_run):
            say(line)
        if line := outlook_line(one):
            say(line)
    if not changes and not trials:
        say("Nothing would change." if dry_run else "Nothing has changed.")


def _asked_to_retire(names: Sequence[str]) -> bool:
    """Ask on a terminal whether these scenarios are to be retired. Elsewhere nobody can answer:
    false."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return typer.confirm(f"This retires {', '.join(names)}. Continue?")


@async_command
async def check(config_path: ConfigPath = None, as_json: AsJson = False) -> int:
    """Check database, views, index, texts and credentials.

    Changes nothing.
    """
    async with Engine.open(settings(), config(config_path), fit=False) as engine:
        findings = await engine.check()
    if as_json:
        print_json([_finding_json(one) for one in findings])
    else:
        for one in findings:
            say(f"{'note ' if one.note else 'ok   '} {one.message}" if one.fault is None else f"wrong {one.fault}")
    return 2 if any(one.fault for one in findings) else 0


def _finding_json(one: Finding) -> dict[str, Any]:
    """One finding of a check."""
    return {
        "subject": one.subject,
        "ok": one.fault is None,
        "note": one.note,
        "message": one.message,
        "code": one.fault.code if one.fault else None,
        "hint": one.fault.hint if one.fault else None,
    }


@async_command
async def scenarios(
    history: Annotated[
        bool, typer.Option("--history", help="Show every version: what changed, when, which role.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the scenarios in force and their last numbers."""
    async with Engine.open(settings()) as engine:
        if history:
            _show_versions(await engine.versions(), as_json=as_json)
            return
        statuses = await engine.scenarios()
        if as_json:
            where = await places(engine, (place for status in statuses for place in places_of_scenario(status)))
            print_json([scenario_document(status, where.names) for status in statuses])
            return
    if statuses:
        console().print(scenarios_table(statuses))
    else:
        say("No scenario is applied. Run `rekindle apply`.")


def _show_versions(versions: list[ScenarioVersion], *, as_json: bool) -> None:
    if as_json:
        print_json([version_document(one) for one in versions])
        return
    for one in versions:
        say(
            f"{moment(one.applied_at)} {one.applied_by} {one.change} {one.scenario_type} "
            f"(version {one.version}){': ' if one.keys else ''}{', '.join(one.keys)}"
        )
