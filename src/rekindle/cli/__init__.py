"""The command line: one of the two doors. Every command is a thin layer over
`rekindle.app.Engine`."""

import os
import sys
from contextlib import suppress

from rekindle.cli.commands import build
from rekindle.cli.output import fail
from rekindle.errors import RekindleError

__all__ = ["main"]


def main() -> None:
    """Run the command and leave the process with its exit code; a fault is one line on stderr.

    The process ends without taking the interpreter apart: threads of the HTTP client outlive its
    closing by some milliseconds, and one that comes back to an interpreter that is being taken
    apart aborts the process (seen once in some thousand commands), which would then say 134 of a
    run that was done.
    """
    code = _run()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read our output has closed it
            stream.flush()
    os._exit(code)


def _run() -> int:
    try:
        build()()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except RekindleError as fault:
        return fail(fault)
    except BrokenPipeError:
        return 0  # whoever read our output has closed it, as `| head` does
    except Exception as fault:
        # The last edge: nobody shall see a traceback who has not asked for one. Its text may quote
        # anything, so it stays out.
        unexpected = RekindleError(f"an unexpected {type(fault).__name__}", hint="Run it again with --debug.")
        unexpected.__cause__ = fault
        return fail(unexpected)
    return 0
