"""The command `failover confirm`."""

from rekindle.app import Engine
from rekindle.cli.options import AsJson, async_command, settings
from rekindle.cli.output import print_json, say


@async_command
async def confirm(as_json: AsJson = False) -> None:
    """Confirm that runs may write to this server.

    The latest run wrote to another one. Until you confirm, every run halts with RK211.
    """
    async with Engine.open(settings()) as engine:
        server = await engine.confirm_failover()
    if as_json:
        print_json({"confirmed": server})
    else:
        say(f"Confirmed: runs write to {server}.")
