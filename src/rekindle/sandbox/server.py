"""The entry to the sandbox. Its packages are imported only when it starts to serve."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from rekindle.errors import SandboxError, install

PROJECT = "rekindle-sandbox"
SCRATCH = "rekindle-sandbox"
"""The name of its temporary folders."""
CREDENTIALS, LOG = "service-account.json", "log.jsonl"
"""Its files in a folder that it is given."""
_PROJECT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", re.ASCII)


async def serve(
    port: int,
    credentials: Path,
    log: Path | None,
    project: str = PROJECT,
    *,
    on_ready: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Serve on 127.0.0.1 until `stop`. At the end every connection is closed.

    Prints nothing. `on_ready` is called once, with the URL, when the first request may be sent.
    Requests in flight at the end are cut.

    Args:
        port: 0 to 65535; 0 takes any free one.
        credentials: the service-account file, written if it does not exist. The CA certificate is
            next to it (`.ca.pem` added).
        log: the file that accepted messages are appended to; None keeps them in memory only.
        project: the project id of the service account.
        on_ready: called on the event loop.
        stop: set it to stop serving.

    Raises:
        SandboxError: it could not start, and nothing listens.
    """
    if not _PROJECT_ID.fullmatch(project):
        raise SandboxError(f"{project!r} is not a valid project id", hint="Use letters, digits, dots and hyphens.")
    try:
        from rekindle.sandbox.process import Process
    except ImportError as error:
        raise SandboxError(
            f"the sandbox needs a package that is not installed: {error.name}",
            hint=f"{install('demo')}.",
        ) from error
    await Process(stop).serve(port, credentials, log, project, on_ready=on_ready)
