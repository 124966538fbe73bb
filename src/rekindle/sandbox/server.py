"""The door of the sandbox: what it needs is imported when it is asked to serve."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from rekindle.errors import SandboxError

PROJECT = "rekindle-sandbox"
_PROJECT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", re.ASCII)


async def serve(
    port: int,
    credentials: Path,
    ledger: Path | None,
    project: str = PROJECT,
    *,
    on_ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """The sandbox has served on 127.0.0.1 until SIGINT, SIGTERM or `stop`, and every connection is
    closed.

    Nothing is printed. `on_ready` is called once, with the URL, when the first request may be sent.
    Requests under way at the end are cut. Run it on the main thread of a process: it handles both
    signals while it serves.

    Args:
        port: 0 to 65535; 0 takes any free one.
        credentials: where the service-account file is, or goes; the CA certificate lies beside it
            (`.ca.pem` added).
        ledger: the file that accepted messages are appended to; None keeps them in memory alone.
        project: the project id of the service account.
        on_ready: called on the event loop.
        stop: ends the serving when it is set.

    Raises:
        SandboxError: it could not start; nothing listens.
    """
    if not _PROJECT_ID.fullmatch(project):
        raise SandboxError(f"{project!r} is not a project id", hint="Use letters, digits, dots and hyphens.")
    try:
        from rekindle.sandbox.process import Process
    except ImportError as error:
        raise SandboxError(
            f"The sandbox needs a package that is not installed: {error.name}",
            hint="Install rekindle[demo].",
        ) from error
    await Process(stop or asyncio.Event()).serve(port, credentials, ledger, project, on_ready=on_ready)
