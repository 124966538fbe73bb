"""The command `installation adopt`."""

from rekindle.app import Engine
from rekindle.cli.options import AsJson, async_command, settings
from rekindle.cli.output import print_json, say


@async_command
async def adopt(as_json: AsJson = False) -> None:
    """Let runs send from this installation.

    The latest run wrote to another one: a replica was promoted, a backup was restored, or this is a
    copy. Until you adopt it, every run halts with RK211.
    """
    async with Engine.open(settings()) as engine:
        place = await engine.adopt()
    if as_json:
        print_json({"adopted": place})
    else:
        say(f"Adopted: runs write to {place}.")
