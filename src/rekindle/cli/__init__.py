"""The command line. Each command is a thin layer over `rekindle.app.Engine`."""

import os
import sys

from rekindle.cli.streams import Streams
from rekindle.errors import BadArgument, RekindleError
from rekindle.foreign import printable
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
    streams = Streams()
    code = _run()
    streams.finish()
    os._exit(code)


def _run() -> int:
    # Imported here: a signal that comes while the packages are imported ends the process, too.
    from rekindle.cli.commands import build
    from rekindle.cli.output import fail

    try:
        for number, argument in enumerate(sys.argv[1:], start=1):
            if printable(argument) != argument:  # the parser's own messages quote arguments
                raise BadArgument(f"argument {number} has a character that cannot be printed")
        build()(prog_name="rekindle")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except RekindleError as fault:
        return fail(fault)
    except Exception as fault:
        # The last resort: a traceback is shown only with --debug. The text of an unexpected error
        # may quote any value, so it is not shown.
        unexpected = RekindleError(f"an unexpected {type(fault).__name__}", hint="Run it again with --debug.")
        unexpected.__cause__ = fault
        return fail(unexpected)
    return 0
