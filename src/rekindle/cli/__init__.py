"""The command line. Each command is a thin layer over `rekindle.app.Engine`."""

import os

from rekindle.signals import end_at_once

__all__ = ["main"]


def main() -> None:
    """Run the command and exit with its code. An error is one line on stderr.

    The process exits without finalizing the interpreter. Threads of the HTTP client may live some
    milliseconds longer than the client. If one of them returns while the interpreter is being
    finalized, the process aborts with exit code 134, although the run was done. This was seen once
    in some thousand commands.
    """
    end_at_once()
    # Imported only now: a signal that comes while the packages are imported ends the process, too.
    from rekindle.cli.streams import Streams

    streams = Streams()
    from rekindle.cli.invoke import invoke

    code = invoke()
    streams.finish()
    os._exit(code)
