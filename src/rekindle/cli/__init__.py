"""The command line: one of the two doors. Every command is a thin layer over `rekindle.app.Engine`."""

import sys

from rekindle.cli.commands import build
from rekindle.cli.output import fail
from rekindle.errors import RekindleError

__all__ = ["main"]


def main() -> None:
    """Run the command and leave the process with its exit code; a fault is one line on stderr."""
    try:
        build()()
    except RekindleError as fault:
        sys.exit(fail(fault))
    except BrokenPipeError:
        # Whoever read our output has closed it, as `| head` does.
        sys.stderr.close()
    except Exception as fault:
        # The last edge: nobody shall see a traceback who has not asked for one. Its text may quote anything, so it
        # stays out.
        unexpected = RekindleError(f"an unexpected {type(fault).__name__}", mend="Run it again with --debug.")
        unexpected.__cause__ = fault
        sys.exit(fail(unexpected))
