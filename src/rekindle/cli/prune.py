"""The command `prune`."""

from collections.abc import Mapping
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, ConfigPath, async_command, config, seconds, settings, stop_on_signals
from rekindle.cli.output import print_json, say

_BUDGET_REACHED = 3


@async_command
async def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show how many rows would be deleted.")] = False,
    budget: Annotated[str | None, typer.Option(metavar="DURATION", help="End after this time, such as 10m.")] = None,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> int:
    """Delete what is older than [retention] says.

    Nobody gets a push again because of it: what is spent stays spent. A worker does the same each
    hour. Safe at any time. Exit code 3: the budget is used up and some rows are left.
    """
    limit = seconds(budget)
    async with Engine.open(settings(), config(config_path)) as engine:
        if dry_run:
            deleted, complete = await engine.prunable(), True
        else:
            pruned = await engine.prune(seconds=limit, stop=stop_on_signals())
            deleted, complete = pruned.deleted, pruned.complete
    if as_json:
        print_json({"dry_run": dry_run, "deleted": deleted, "complete": complete})
    else:
        _show(deleted, dry_run=dry_run, complete=complete)
    return 0 if complete else _BUDGET_REACHED


def _show(deleted: Mapping[str, int], *, dry_run: bool, complete: bool) -> None:
    for table, rows in deleted.items():
        say(f"{table}: {rows:,} {'would be deleted' if dry_run else 'deleted'}")
    if not deleted:
        say("Nothing is old enough to be deleted.")
    if not complete:
        say("The time is over; the next prune continues.")
