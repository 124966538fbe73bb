"""Around an HTTP server that runs inside this process (Granian): its port, the moment from which it
listens, and the end of its threads."""

import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any, NoReturn

START_SECONDS = 15.0
STOP_SECONDS = 5.0
_PAUSE_SECONDS = 0.005
_OTHERS = "pyreqwest"
"""The name of the HTTP client's threads, which stay for as long as the process lives."""


@contextlib.contextmanager
def reserved_port(host: str, port: int) -> Generator[int]:
    """Reserve a port of an IP address (0: any free one) until the server has bound it.

    Raises:
        OSError, OverflowError: the port is taken, or cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as alone:
        # The server shares its port. This socket does not, and fails if anybody listens there.
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((host, port))
        free = int(alone.getsockname()[1])
    with socket.socket(family, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((host, free))
        yield free


async def listens(
    serving: asyncio.Task[Any], connect: Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
) -> bool:
    """Wait until the server accepts connections. False: it has ended, or not begun in time."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while not serving.done() and asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await connect()
        except OSError:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            writer.close()
            return True
    return False


def foreign_threads() -> set[int]:
    """The threads of this process that neither Python nor the HTTP client started; empty if the
    system does not list them."""
    ours = {thread.native_id for thread in threading.enumerate()}
    found: set[int] = set()
    try:
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if int(task.name) not in ours and (task / "comm").read_text().strip() != _OTHERS:
                    found.add(int(task.name))
    except OSError:
        return set()
    return found


async def threads_gone(before: set[int]) -> None:
    """Wait until the server's threads have ended.

    They end a millisecond or two after the server reports that it has stopped. A thread that asks
    for the interpreter while it shuts down aborts the process: 3 of 12 exits on a busy machine.
    The traceback of an error that was handled may be part of a cycle that still refers to a
    request. The server's threads live as long as that.
    """
    gc.collect()
    await asyncio.sleep(0.05 if sys.platform != "linux" else 0)
    deadline = asyncio.get_running_loop().time() + STOP_SECONDS
    while foreign_threads() - before and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def leave() -> NoReturn:
    """End the process at once with code 0. For a server whose thread still waits for a client: the
    interpreter would wait for the thread."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)
