"""The world of `demo --serve`: a programme with two months behind it, and the console over it."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from importlib import resources

from rekindle.app import Engine
from rekindle.cli.logs import logging_to
from rekindle.cli.options import stop_on_signals
from rekindle.cli.places import places
from rekindle.configuration import load_config
from rekindle.errors import ServerError, install
from rekindle.listening import leave
from rekindle.model import Place
from rekindle.ports import Grant
from rekindle.sample import make_programme
from rekindle.sample.history import past
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.scratch import Scratch
from rekindle.settings import Settings

FIRST_DAY, LAST_DAY, EVERY_DAYS = 63, 15, 3
"""Runs of the past, in days ago. People who have become due since then are due today."""

UNCLEAR_DAY = 2
"""When some answers of the provider were lost."""

_TRIAL = """
[scenario.inactivity.trial]
held_out = "50%"
until = "{until}"
"""
_READY = """
The console is at {address}
Sign in with one of these keys:
  {admin}  (everything)
  {coordinator}  (the coordinator of {place})
Log lines are written to {log}; errors also appear here.
Ctrl-C stops everything and removes it."""


async def serve_demo(url: str, sandbox: Sandbox, mentors: int, seed: int, tell: Callable[[str], None]) -> None:
    """Make the programme and its past, and serve the console over it until a signal.

    Raises:
        ServerError: the extra `serve` is not installed, or the server could not start.
    """
    try:
        from rekindle.api.server import ServerOptions
        from rekindle.api.server import serve as serve_api
        from rekindle.console import mounted
    except ImportError as error:
        raise ServerError(
            f"the console requires a package that is not installed: {error.name}", hint=f"{install('serve')}."
        ) from error
    from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher

    stop = stop_on_signals()
    await make_programme(url, mentors, seed)
    tell(f"Made a programme of {mentors:,} mentors (seed {seed}).")
    environment = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    dispatcher = FcmDispatcher(sandbox.credentials, url=sandbox.url, ca=sandbox.ca)
    answered = True
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(Scratch("rekindle-demo"))
        show_errors = stack.enter_context(logging_to(folder.path / "log"))
        engine = await stack.enter_async_context(Engine.open(environment, _config(), dispatcher=dispatcher, runs=4))
        await _live(engine, url, sandbox, mentors, tell, stop)
        if stop.is_set():
            return
        report = await engine.report(within_seconds=90 * 86_400)
        busiest = max(
            (one for one in report.places if one.organisation_id is not None), key=lambda one: one.reached, default=None
        )
        sees = () if busiest is None or busiest.organisation_id is None else (busiest.organisation_id,)
        admin = await engine.create_key(Grant("demo", "admin"))
        coordinator = await engine.create_key(Grant("coordinator", "read", sees))
        place = (await places(engine, [Place(one) for one in sees])).place(Place(sees[0])) if sees else "everybody"
        show_errors()  # those until now belong to the past that was made
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.work(stop=stop, runs=1))
            answered = await serve_api(
                engine,
                ServerOptions(None, 2, port=0),
                stop=stop,
                console=lambda api, access, runs, following: mounted(api, engine, access, runs, following),
                on_ready=lambda address: tell(
                    _READY.format(
                        address=address,
                        admin=admin.secret,
                        coordinator=coordinator.secret,
                        place=place,
                        log=folder.path / "log",
                    )
                ),
            )
            stop.set()
    tell("Stopped.")
    if not answered:
        leave()


async def _live(
    engine: Engine, url: str, sandbox: Sandbox, mentors: int, tell: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Two months of runs, and the one of today, which the guard holds back."""
    days = range(FIRST_DAY, LAST_DAY - 1, -EVERY_DAYS)
    tell(f"Living through {FIRST_DAY} days: {len(days) + 2} runs.")
    async with past(url) as history:
        await history.at(FIRST_DAY)
        await engine.apply()
        for day in days:
            if stop.is_set():
                return
            await history.at(day)
            await engine.run(confirmed=mentors)
            await history.come_back()
        await history.at(UNCLEAR_DAY)
        sandbox.faults([{"match": {"path": "send"}, "times": 2, "respond": {"status": 503}}])
        await engine.run(scenarios=["milestone", "expiry"], confirmed=mentors)
        await asyncio.to_thread(sandbox.faults, [])
    if not stop.is_set():
        await engine.run()


def _config() -> Config:
    """The configuration that `rekindle init` writes, with a trial and a stricter guard."""
    text = resources.files("rekindle.sample").joinpath("templates", "rekindle.toml").read_text(encoding="utf-8")
    text = text.replace("guard_floor = 100 ", "guard_floor = 10 ").replace(
        "max_times_median = 5 ", "max_times_median = 3 "
    )
    text = text.replace('# timezone = "Europe/Oslo"', 'timezone = "Europe/Oslo"')
    until = datetime.now(UTC).date() + timedelta(days=30)
    with Scratch("rekindle-demo") as folder:
        path = folder.path / "rekindle.toml"
        path.write_text(text + _TRIAL.format(until=until), encoding="utf-8")
        return load_config(path)
