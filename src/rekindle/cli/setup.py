"""Commands that set up, or say exactly what is missing."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from rekindle.app import Engine, database_url
from rekindle.cli import difference
from rekindle.cli.conditions import moment
from rekindle.cli.options import AsJson, ConfigPath, config, settings, wait
from rekindle.cli.output import console, print_json, say, scenario_json, scenarios_table
from rekindle.dispatchers.registry import of_its_kind
from rekindle.engine.findings import Finding
from rekindle.errors import BadArgument, ProviderError
from rekindle.postgres.migrate import migrate as migrate_database
from rekindle.postgres.migrate import write_migrations
from rekindle.postgres.reports import Change
from rekindle.sample import write_init_files


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; it must exist.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    supabase: Annotated[bool, typer.Option("--supabase", help="Write apps.sql too: what your apps may read.")] = False,
) -> None:
    """Write rekindle.toml and a commented source.sql to start from."""
    for path in write_init_files(folder, force=force, supabase=supabase):
        say(f"wrote {path}")
    say("Next: edit source.sql and run it on your database, `rekindle migrate`, `rekindle check`, `rekindle apply`.")


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, change nothing.")] = False,
    into: Annotated[
        Path | None, typer.Option("--into", help="Write the files into this folder instead, for another tool to run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create or update the tables of schema rekindle. Needs a role that may create schemas."""
    if into is not None:
        if dry_run:
            raise BadArgument("--into and --dry-run exclude each other")
        written = write_migrations(into)
        if as_json:
            print_json({"written": [str(path) for path in written]})
            return
        for path in written:
            say(f"wrote {path}")
        if not written:
            say(f"{into} has every migration.")
        return
    done = wait(migrate_database(database_url(settings()), dry_run=dry_run))
    names = [f"{one.version}_{one.name}" for one in done]
    if as_json:
        print_json({"dry_run": dry_run, "migrations": names})
        return
    for name in names:
        say(f"{'would run' if dry_run else 'ran'} {name}")
    if not names:
        say("The database is up to date.")


def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change for whom, store nothing.")] = False,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Check the configuration against the database, say what it changes for whom, and put its scenarios in force."""

    async def work() -> None:
        async with Engine.open(settings(), config(config_path)) as engine:
            await engine.ready_to_apply()
            found = await difference.numbers(engine.difference(unchanged=False))
            if found and not as_json:
                difference.show_numbers(found)
            if dry_run:
                changes = [Change(one.scenario_type, None, one.change) for one in found if one.change != "same"]
            else:
                changes = await engine.reports.store_config(engine.config)
        if as_json:
            print_json(
                {
                    "dry_run": dry_run,
                    "changes": [dataclasses.asdict(one) for one in changes],
                    "difference": [difference.numbers_of(one) for one in found],
                }
            )
            return
        for one in changes:
            say(
                f"would be {one.change}: {one.scenario_type}"
                if dry_run
                else f"{one.change} {one.scenario_type} (version {one.version})"
            )
        if not changes:
            say("Nothing would change." if dry_run else "Nothing has changed.")

    wait(work())


def check(config_path: ConfigPath = None, as_json: AsJson = False) -> None:
    """Say what a run would meet: database, views, index, texts, credentials. Changes nothing."""

    async def work() -> list[Finding]:
        loaded = config(config_path)
        async with Engine.open(settings(), loaded) as engine:
            findings = [Finding("database", "the database answers, is migrated and fit for the ledger")]
            findings += await engine.check()
            try:
                await engine.deps.dispatcher.open()
                findings.append(Finding("dispatcher", of_its_kind(loaded.dispatcher).ready))
            except ProviderError as fault:
                findings.append(Finding("dispatcher", fault.message, fault))
            if set((await engine.changes()).values()) <= {"same"}:
                findings.append(Finding("applied", "this configuration is the one in force"))
            else:
                findings.append(Finding("applied", "this configuration is not in force yet: run `rekindle apply`"))
            return findings

    findings = wait(work())
    if as_json:
        print_json(
            [
                {
                    "subject": one.subject,
                    "ok": one.fault is None,
                    "note": one.note,
                    "message": one.message,
                    "code": one.fault.code if one.fault else None,
                    "mend": one.fault.mend if one.fault else None,
                }
                for one in findings
            ]
        )
    else:
        for one in findings:
            say(f"{'note ' if one.note else 'ok   '} {one.message}" if one.fault is None else f"wrong {one.fault}")
    if any(one.fault for one in findings):
        raise typer.Exit(2)


def scenarios(
    history: Annotated[
        bool, typer.Option("--history", help="Every version instead: what was changed, when and by whom.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the scenarios in force, with the numbers of the last run of each."""

    async def work() -> None:
        async with Engine.open(settings()) as engine:
            if history:
                versions = await engine.versions()
                if as_json:
                    print_json([dataclasses.asdict(one) for one in versions])
                for one in () if as_json else versions:
                    say(
                        f"{moment(one.applied_at)} {one.applied_by} {one.change} {one.scenario_type} "
                        f"(version {one.version}){': ' if one.keys else ''}{', '.join(one.keys)}"
                    )
                return
            statuses = await engine.scenarios()
        if as_json:
            print_json([scenario_json(status) for status in statuses])
        elif statuses:
            console().print(scenarios_table(statuses))
        else:
            say("No scenario is applied. Run `rekindle apply`.")

    wait(work())
