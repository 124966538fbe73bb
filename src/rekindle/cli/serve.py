"""The command `serve`, which runs the HTTP API."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.cycle import warn_if_not_applied
from rekindle.cli.options import ConfigPath, async_command, config, settings, stop_on_signals
from rekindle.cli.output import say
from rekindle.cli.telemetry import MetricsHost, MetricsPort, observed
from rekindle.errors import ServerError, install
from rekindle.listening import leave


@async_command
async def serve(
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, metavar="N", help="Port to listen on; 0 takes any free one.", show_default="8321"
        ),
    ] = None,
    unix_socket: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Listen on this file, which only this user may open.")
    ] = None,
    unix_socket_group: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Let this group open it too; requires a key."),
    ] = None,
    insecure_loopback: Annotated[
        bool, typer.Option("--insecure-loopback", help="Serve loopback without a key.")
    ] = False,
    with_worker: Annotated[bool, typer.Option("--with-worker", help="Also begin runs by the schedules.")] = False,
    runs: Annotated[int, typer.Option(min=1, max=16, metavar="N", help="Runs under way at once, at most.")] = 2,
    requests_per_minute: Annotated[
        int,
        typer.Option(min=1, max=1_000_000, metavar="N", help="Requests per minute of each key and person, at most."),
    ] = 600,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = None,
    config_path: ConfigPath = None,
) -> None:
    """Serve the HTTP API until it is stopped.

    It needs a key (`rekindle key create`, or REKINDLE_API_KEY), except on a Unix socket of this
    user. When it stops, it first ends the runs that are under way.
    """
    try:
        from rekindle.api.keys import EnvironmentKeys
        from rekindle.api.server import ServerOptions
        from rekindle.api.server import serve as serve_api
        from rekindle.console import mounted
    except ImportError as error:
        raise ServerError(
            f"the HTTP API requires a package that is not installed: {error.name}", hint=f"{install('serve')}."
        ) from error

    environment, loaded = settings(), config(config_path)
    keys = EnvironmentKeys.of(environment)
    options = ServerOptions(
        keys,
        runs,
        host,
        port,
        unix_socket,
        unix_socket_group,
        insecure_loopback,
        requests_per_minute,
        sign_in=loaded.sign_in,
    )
    options.address()  # before the database is asked
    answered, stop = True, stop_on_signals()
    async with (
        Engine.open(environment, loaded, runs=2 * runs if with_worker else runs, waiting=stop) as engine,
        observed(engine, port=metrics_port, host=metrics_host),
    ):
        await warn_if_not_applied(engine)
        try:
            async with asyncio.TaskGroup() as group:
                if with_worker:
                    group.create_task(engine.work(stop=stop, runs=runs))
                answered = await serve_api(
                    engine,
                    options,
                    stop=stop,
                    console=lambda api, access, runs, following: mounted(
                        api,
                        engine,
                        access,
                        runs,
                        following,
                        secret=environment.console_secret,
                        client_secret=environment.sign_in_secret,
                    ),
                    on_ready=lambda address: say(f"Serving on {address}; runs through {loaded.dispatcher.kind}."),
                )
                stop.set()
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None  # one line, as for every error
    if not answered:
        leave()
