"""Turn the database's errors into coded errors that never contain a password or a row's content."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import conninfo, errors
from psycopg_pool import PoolTimeout

from rekindle.errors import (
    DatabaseError,
    DatabaseUnreachable,
    NotMigrated,
    PermissionMissing,
    SourceViewMissing,
    SourceViewWrong,
    StatementTooSlow,
)

_QUOTED = re.compile(r'"[^"]*"?')

REFUSALS = (
    errors.QueryCanceled,
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
)
"""The errors with which a working server refuses a statement."""


@contextmanager
def database_faults(url: str, *, pass_through: tuple[type[psycopg.Error], ...] = ()) -> Generator[None]:
    """Turn psycopg's errors into coded errors that never contain the URL's password or a row's
    content."""
    try:
        yield
    except pass_through:
        raise
    except errors.InsufficientPrivilege as error:
        raise PermissionMissing(
            f"the database role may not do this: {primary(error)}",
            hint="Grant it rekindle_worker and run the grants at the end of source.sql; see `rekindle check`.",
        ) from error
    except errors.UndefinedTable as error:
        raise _undefined(error) from error
    except (errors.InvalidSchemaName, errors.UndefinedFunction) as error:
        if "rekindle" in primary(error) and "rekindle_source" not in primary(error):
            raise NotMigrated(hint="Run `rekindle migrate`.") from error
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from error
    except errors.UndefinedColumn as error:
        raise SourceViewWrong(primary(error), hint="Run `rekindle check` to see what is missing.") from error
    except errors.QueryCanceled as error:
        raise StatementTooSlow(
            hint="Raise the budget, run fewer scenarios at once, or look for a missing index."
        ) from error
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        errors.IdleInTransactionSessionTimeout,
        TimeoutError,
    ) as error:
        raise unreachable(url, error) from error
    except psycopg.Error as error:
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from error


def unreachable(url: str, error: Exception) -> DatabaseUnreachable:
    """Return an error that names the server and the reason, without the password."""
    reason = " ".join(str(error).split())
    for noise in ("connection failed: ", "connection is bad: "):
        reason = reason.removeprefix(noise)
    if isinstance(error, PoolTimeout):
        reason = "no connection within the time allowed"
    elif isinstance(error, TimeoutError):
        reason = "no answer within the time allowed"
    return DatabaseUnreachable(
        f"the database at {_place(url)} does not answer: {reason[:200]}",
        hint="Check REKINDLE_DATABASE_URL and that the server runs.",
    )


def _place(url: str) -> str:
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "the given address"
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def primary(error: psycopg.Error) -> str:
    """Return the server's one-line message without a row's content: no detail, no context, and, if
    the error is about a value, no text in quotation marks."""
    message = (error.diag.message_primary or type(error).__name__)[:300]
    return _QUOTED.sub("…", message) if isinstance(error, psycopg.IntegrityError | psycopg.DataError) else message


def _undefined(error: errors.UndefinedTable) -> DatabaseError | SourceViewMissing:
    message = primary(error)
    if "rekindle_source." in message:
        view = message.split('"')[1] if '"' in message else "a view"
        return SourceViewMissing(
            f"the view {view} does not exist", hint="Add it in source.sql and run that file on the database."
        )
    if "rekindle." in message:
        return NotMigrated(hint="Run `rekindle migrate`.")
    return DatabaseError(f"the database refused a statement: {message}")
