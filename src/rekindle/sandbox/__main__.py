"""`python -m rekindle.sandbox`: prints one line of JSON on stdout when it is ready, then nothing
until it is stopped. With --until-stdin-closes the line says why it could not start, if it could
not."""

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path

from rekindle.errors import SandboxError
from rekindle.sandbox.server import CREDENTIALS, LOG, PROJECT, SCRATCH, serve
from rekindle.scratch import Scratch
from rekindle.signals import end_in_order


def main() -> int:
    """Serve until a signal comes, or with --until-stdin-closes until stdin closes. Returns the
    exit code."""
    parser = argparse.ArgumentParser(prog="python -m rekindle.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any free one")
    parser.add_argument(
        "--credentials", type=Path, help="the service-account file; without it, all files are temporary"
    )
    parser.add_argument("--log", type=Path, help="append every accepted message to this file")
    parser.add_argument("--project", default=PROJECT, help=f"the project id ({PROJECT})")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when stdin ends")
    chosen = parser.parse_args()
    try:
        asyncio.run(_serve(chosen))
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        if chosen.until_stdin_closes:
            _say({"error": error.message, "hint": error.hint})
        return error.exit_code
    return 0


async def _serve(chosen: argparse.Namespace) -> None:
    stop = asyncio.Event()
    end_in_order(stop)
    if chosen.until_stdin_closes:
        await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilEnd(stop), sys.stdin)
    credentials, log = chosen.credentials, chosen.log
    said: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        if credentials is None:
            folder = stack.enter_context(Scratch(SCRATCH)).path
            credentials, log = folder / CREDENTIALS, folder / LOG
            said["folder"] = str(folder)

        def ready(url: str) -> None:
            _say({"url": url, **said})

        await serve(chosen.port, credentials, log, chosen.project, on_ready=ready, stop=stop)


def _say(line: dict[str, str]) -> None:
    with contextlib.suppress(OSError):  # the process that started this one has ended
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class _UntilEnd(asyncio.Protocol):
    """Sets the event when the pipe ends: the process that started this one has ended, in
    whatever way."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()


if __name__ == "__main__":
    sys.exit(main())
