"""`python -m rekindle.sandbox`: prints one line of JSON on stdout when it is ready, then nothing
until it is stopped."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from rekindle.errors import SandboxError
from rekindle.sandbox.server import PROJECT, serve


def main() -> int:
    """Serve until a signal comes, or with --until-stdin-closes until stdin closes. Returns the
    exit code."""
    parser = argparse.ArgumentParser(prog="python -m rekindle.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any free one")
    parser.add_argument("--credentials", type=Path, required=True, help="the service-account file")
    parser.add_argument("--log", type=Path, help="append every accepted message to this file")
    parser.add_argument("--project", default=PROJECT, help=f"the project id ({PROJECT})")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when stdin ends")
    chosen = parser.parse_args()
    try:
        asyncio.run(_serve(chosen))
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


async def _serve(chosen: argparse.Namespace) -> None:
    stop = asyncio.Event()
    if chosen.until_stdin_closes:
        await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilEnd(stop), sys.stdin)
    await serve(chosen.port, chosen.credentials, chosen.log, chosen.project, on_ready=_say, stop=stop)


def _say(url: str) -> None:
    sys.stdout.write(json.dumps({"url": url}) + "\n")
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
