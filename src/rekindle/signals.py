"""How a process ends by a signal: at once, or after the work that is under way.

A signal that is ignored when the process starts stays ignored, as it is for a job that a shell puts
into the background (SIGINT) or that runs under nohup (SIGHUP).
"""

import os
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `end_at_once` must run before anything else is imported
    import asyncio
    from collections.abc import Callable
    from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REPEATED_SECONDS = 1.0
"""A signal that comes again within this time is the same one: a terminal and a wrapper (timeout,
uv run, npm) both pass it on."""


def end_at_once() -> None:
    """From now on SIGINT ends this process as SIGTERM does: at once, and without a traceback."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_in_order(stop: "asyncio.Event") -> None:
    """From now on SIGINT, SIGTERM and SIGHUP set `stop`. SIGINT or SIGTERM a second time ends the
    process at once.

    SIGHUP never does: a terminal that closes sends it several times. Call it on the main thread, in
    the event loop that waits for `stop`. A signal after the end of that loop changes nothing.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stopping(loop, stop))


def _stopping(loop: "asyncio.AbstractEventLoop", stop: "asyncio.Event") -> "Callable[[int, FrameType | None], None]":
    first: float | None = None

    def stopping(number: int, _: "FrameType | None") -> None:
        nonlocal first
        if first is None:
            first = time.monotonic()
            if not loop.is_closed():  # else the process is about to end
                loop.call_soon_threadsafe(stop.set)
        elif number != signal.SIGHUP and time.monotonic() - first > REPEATED_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    return stopping
