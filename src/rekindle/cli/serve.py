"""The command that opens the other door."""

from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.cycle import warn_if_not_applied
from rekindle.cli.options import ConfigPath, async_command, config, settings, stop_on_signals
from rekindle.cli.output import say
from rekindle.errors import ServerError


@async_command
async def serve(
    host: Annotated[str, typer.Option(help="Where to listen; more than this machine takes a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any free one.")] = 8321,
    runs: Annotated[int, typer.Option(min=1, max=16, help="How many runs may be under way at once.")] = 2,
    config_path: ConfigPath = None,
) -> None:
    """Serve the HTTP API until told to stop. Runs that it has begun end in good order."""
    try:
        from rekindle.api.keys import Keys
        from rekindle.api.server import ServerOptions
        from rekindle.api.server import serve as serve_api
    except ImportError as error:
        raise ServerError(
            f"the HTTP API needs a package that is not installed: {error.name}", hint="Install rekindle[serve]."
        ) from error

    environment, loaded = settings(), config(config_path)
    options = ServerOptions(host, port, Keys.of(environment), runs)
    async with Engine.open(environment, loaded, runs=runs) as engine:
        await warn_if_not_applied(engine)
        await serve_api(
            engine,
            options,
            stop=stop_on_signals(),
            on_ready=lambda address: say(f"Serving on {address}; runs through {loaded.dispatcher.kind}."),
        )
