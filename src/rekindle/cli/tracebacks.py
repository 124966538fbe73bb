"""Formats the traceback of an error for `--debug`, without values that its text may quote."""

import traceback
from collections.abc import Iterator

from rekindle.errors import RekindleError

_BETWEEN = "\nThis led to:\n\n"


def traceback_text(fault: BaseException) -> str:
    """Format the traceback of an error and of each error that led to it, the earliest first.

    The text of an error is shown only for our own errors. Of a database error the type and the
    SQLSTATE are shown, of any other only the type. Their text may quote a row with the name or the
    device token of a person, as the DETAIL of a constraint does.
    """
    return _BETWEEN.join(_one(error) for error in reversed(list(_chain(fault))))


def _chain(fault: BaseException) -> Iterator[BaseException]:
    error: BaseException | None = fault
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__  # also if it was left out because of its text


def _one(error: BaseException) -> str:
    lines = ["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__)]
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, RekindleError):
        lines.append(f"{kind}: {error}\n")
    else:
        state = getattr(error, "sqlstate", None)
        lines.append(f"{kind}{f' (SQLSTATE {state})' if state else ''}\n")
    if isinstance(error, BaseExceptionGroup):
        lines += [_BETWEEN + traceback_text(inner) for inner in error.exceptions]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]
    return "".join(lines)
