"""Runs one command, and prints the error that ends it."""

import sys

from rekindle.cli.commands import build
from rekindle.cli.output import fail
from rekindle.errors import BadArgument, RekindleError
from rekindle.foreign import printable


def invoke() -> int:
    """Run the command that `sys.argv` names. Returns the exit code; an error was printed."""
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
