"""The command `serve`, which runs the HTTP API."""

from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.cycle import warn_if_not_applied
from rekindle.cli.options import ConfigPath, async_command, config, settings, stop_on_signals
from rekindle.cli.output import say
from rekindle.errors import ServerError


@async_command
async def serve(
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; loopback needs no key.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, metavar="N", help="Port to listen on; 0 takes any free one.")
    ] = 8321,
    runs: Annotated[int, typer.Option(min=1, max=16, metavar="N", help="Runs under way at once, at most.")] = 2,
    config_path: ConfigPath = None,
) -> None:
    """Serve the HTTP API until it is stopped.

    Runs that are under way then end in an orderly way. To listen on any address but loopback, set
    REKINDLE_API_KEY.
    """
    try:
        from rekindle.api.keys import Keys
        from rekindle.api.server import ServerOptions
        from rekindle.api.server import serve as serve_api
    except ImportError as error:
        raise ServerError(
            f"the HTTP API requires a package that is not installed: {error.name}", hint="Install rekindle[serve]."
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
