"""One real engine process: the product with shorter waits, a separate clock, and optionally a point
at which it dies.

`python -m torture.engine_process loop` runs cycle after cycle in one process; `… erase USERS`
erases people, one after the other; `… cli ARGUMENTS` is the command line itself. The environment
variable TORTURE has the other settings as JSON: see `Orders`.
"""

import asyncio
import ctypes
import faulthandler
import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from torture.terms import BUDGET_SECONDS, CONSTANTS, RETENTION

POINTS = ("claim", "lease", "arm", "send", "answer", "record")


@dataclass(slots=True)
class Orders:
    """The settings of this process.

    Args:
        clock_offset: seconds by which `time.time` is wrong; the monotonic clock stays right, as on
            a real machine.
        die_after: one of POINTS, or nothing.
        passage: how many times that point is passed before; the last one is followed by kill -9.
        constants: waits of the product by full name.
    """

    clock_offset: float = 0.0
    die_after: str = ""
    passage: int = 1
    constants: dict[str, float] = field(default_factory=lambda: dict(CONSTANTS))

    def environment(self) -> dict[str, str]:
        """The environment variable from which a started process reads them."""
        return {"TORTURE": json.dumps(asdict(self))}


def prepare() -> Orders:
    """Make this process end with its parent, and apply its orders."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: works for a stopped process too
    say_where_on_a_signal()
    orders = Orders(**json.loads(os.environ.get("TORTURE", "{}")))
    for name, value in orders.constants.items():
        module, _, constant = name.rpartition(".")
        owner = importlib.import_module(module)
        if not hasattr(owner, constant):
            raise LookupError(f"the product has no {name} any more; fix torture.terms.CONSTANTS")
        setattr(owner, constant, value)
    if orders.clock_offset:
        right = time.time
        time.time = lambda: right() + orders.clock_offset
    if orders.die_after:
        _place_death(orders.die_after, orders.passage)
    return orders


def say_where_on_a_signal() -> None:
    """At SIGUSR1 write to standard error where each thread is, and each task of the event loop."""

    def say(_number: int, _frame: object) -> None:
        try:
            tasks = asyncio.all_tasks()
        except RuntimeError:  # no loop runs
            return
        for task in tasks:
            task.print_stack(file=sys.stderr)
        sys.stderr.flush()

    signal.signal(signal.SIGUSR1, say)
    faulthandler.register(signal.SIGUSR1, chain=True)  # also if the interpreter does not go on


def _place_death(point: str, passage: int) -> None:
    """Kill the process right after its n-th passage of a point that did some work."""
    left = passage

    def passed() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def die() -> None:
        os.write(2, json.dumps({"event": "torture.killed", "after": point, "passage": passage}).encode() + b"\n")
        os.kill(os.getpid(), signal.SIGKILL)

    if point == "send":
        from rekindle.dispatchers.fcm import connections

        body: Any = connections._SingleBody
        taken = body.__next__

        def take(self: Any) -> bytes:
            content = taken(self)
            if passed():  # the client has the bytes; two milliseconds later they are on their way or have arrived
                threading.Timer(0.002, die).start()
            return content

        body.__next__ = take
        _watch_batches(take_of_a_batch=lambda: passed() and threading.Timer(0.002, die).start())
        return
    owners: Sequence[Any]
    if point == "answer":
        from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher
        from rekindle.dispatchers.supabase_function.dispatcher import SupabaseFunctionDispatcher

        owners, name = (FcmDispatcher, SupabaseFunctionDispatcher), "send"
        counts = lambda outcome: type(outcome).__name__ == "Accepted"  # noqa: E731
    else:
        from rekindle.postgres.store import PostgresStore

        owners, name, counts = (PostgresStore,), point, _HAD_WORK[point]

    def watched(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def watch(*arguments: Any, **named: Any) -> Any:
            result = await original(*arguments, **named)
            if counts(result) and passed():
                die()
            return result

        return watch

    for owner in owners:
        setattr(owner, name, watched(getattr(owner, name)))


def _watch_batches(take_of_a_batch: Callable[[], object]) -> None:
    """Called whenever the client has taken a piece of a request to the Edge Function."""
    from rekindle.dispatchers.supabase_function import call

    body: Any = call._Body
    pieces = body.__aiter__

    async def taken(self: Any) -> AsyncIterator[bytes]:
        async for piece in pieces(self):
            take_of_a_batch()
            yield piece

    body.__aiter__ = taken


_HAD_WORK: dict[str, Callable[[Any], bool]] = {
    "claim": lambda numbers: numbers.claimed > 0,
    "lease": lambda leased: leased > 0,
    "arm": lambda armed: any(armed.values()),
    "record": lambda verdicts: "recorded" in verdicts,
}


async def loop() -> None:
    """Run cycle after cycle, each started on a whole second, so that several processes start at
    the same instant."""
    from rekindle import Engine
    from rekindle.cli.logs import set_up_logging
    from rekindle.cli.options import stop_on_signals
    from rekindle.configuration import load_config
    from rekindle.engine.cycle import Caller
    from rekindle.errors import RekindleError
    from rekindle.settings import Settings

    set_up_logging("warning")
    stop = stop_on_signals()
    settings = Settings()
    while not stop.is_set():
        began: float | None = None
        try:
            async with Engine.open(settings, load_config(settings.config)) as engine:
                while not stop.is_set():
                    await asyncio.sleep(1.0 - time.time() % 1.0)
                    began = time.monotonic()
                    report = await engine.run(budget_seconds=BUDGET_SECONDS, caller=Caller(stop=stop))
                    _say(began, report.status)
                    began = None
        except RekindleError as fault:
            if began is not None:
                _say(began, fault.code)
            await asyncio.sleep(0.2)


async def erase(users: Sequence[str]) -> None:
    """Erase each of these people, recipient or not. What fails is left as it was."""
    from uuid import UUID

    from rekindle import Engine
    from rekindle.cli.logs import set_up_logging
    from rekindle.configuration import load_config
    from rekindle.errors import RekindleError
    from rekindle.settings import Settings

    set_up_logging("warning")
    settings = Settings()
    left = list(users)
    while left:
        try:
            async with Engine.open(settings, load_config(settings.config)) as engine:
                while left:
                    began = time.time()
                    user = left.pop()
                    erased = await engine.erase(UUID(user), force=True)
                    line = {"event": "torture.erased", "user_id": user, "began": began, "rows": erased.total}
                    os.write(2, json.dumps(line).encode() + b"\n")
        except RekindleError:
            await asyncio.sleep(0.2)


async def prune() -> None:
    """Prune without end, with retentions of seconds, so that what is pruned was due just before."""
    from rekindle.app.migrations import database_url
    from rekindle.cli.logs import set_up_logging
    from rekindle.engine.prune import Pruner
    from rekindle.errors import RekindleError
    from rekindle.policy import Retention
    from rekindle.postgres.pool import Database
    from rekindle.postgres.prune import PostgresPruning
    from rekindle.settings import Settings

    set_up_logging("warning")
    while True:
        database = Database(database_url(Settings()), connections=1)
        try:
            await database.open()
            while True:
                deleted = (await Pruner(PostgresPruning(database), Retention(**RETENTION)).prune()).deleted
                os.write(2, json.dumps({"event": "torture.pruned", **deleted}).encode() + b"\n")
                await asyncio.sleep(0.1)
        except RekindleError as fault:
            os.write(2, json.dumps({"event": "torture.prune_failed", "code": fault.code}).encode() + b"\n")
            await asyncio.sleep(0.2)
        finally:
            await database.close()


def _say(began: float, how: str) -> None:
    """Times are those of the host's monotonic clock, which is the same and correct in every
    process."""
    line = {"event": "torture.cycle", "began": began, "ended": time.monotonic(), "how": how}
    os.write(2, json.dumps(line).encode() + b"\n")


def main() -> None:
    """Run `loop`, `erase` or `cli`, as the first argument says."""
    prepare()
    if sys.argv[1] == "loop":
        asyncio.run(loop())
    elif sys.argv[1] == "erase":
        asyncio.run(erase(sys.argv[2:]))
    elif sys.argv[1] == "prune":
        asyncio.run(prune())
    else:
        from rekindle.cli import main as command_line

        sys.argv = ["rekindle", *sys.argv[2:]]
        command_line()


if __name__ == "__main__":
    main()
