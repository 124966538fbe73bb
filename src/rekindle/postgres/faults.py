"""Turn the database's errors into coded errors that never contain a password or a row's content."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import errors
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
from rekindle.postgres.address import without_address

_QUOTED = re.compile(r'"[^"]*"?')
_RAISED = ("P0001", "P0004")  # raise_exception and assert_failure
# The C functions of PL/pgSQL, PL/Python, PL/Perl, PL/Tcl, PL/v8, postgres_fdw and dblink that pass
# on a text from outside.
_RAISING = (
    "exec_stmt_raise",
    "exec_stmt_assert",
    "PLy_elog_impl",
    "plperl_util_elog",
    "pltcl_elog",
    "throw_pltcl_error",
    "rethrow",
    "pgfdw_report_error",
    "pgfdw_report_internal",
    "dblink_res_error",
)


def server_refused(error: psycopg.Error) -> bool:
    """Whether a working server refused a statement, and the connection lives.

    The severity says so, and not the SQLSTATE: a view may raise any of them, such as 08001 if it
    reads a foreign server that is down. After FATAL and PANIC the server closes the connection, and
    an error that is not from the server has no severity.
    """
    return error.diag.severity_nonlocalized == "ERROR"  # mutant: severity


@contextmanager
def database_faults(url: str, *, pass_through: tuple[type[psycopg.Error], ...] = ()) -> Generator[None]:
    """Turn psycopg's errors into coded errors that never contain the URL's password or a row's
    content. They have no cause, because a host that logs the traceback would print its text."""
    try:
        yield
    except pass_through:
        raise
    except errors.InsufficientPrivilege as error:
        raise PermissionMissing(
            f"the database role may not do this: {primary(error)}",
            hint="Grant it rekindle_worker and run the grants at the end of source.sql; see `rekindle check`.",
        ) from None
    except errors.UndefinedTable as error:
        raise _undefined(error) from None
    except (errors.InvalidSchemaName, errors.UndefinedFunction) as error:
        if "rekindle" in primary(error) and "rekindle_source" not in primary(error):
            raise NotMigrated(hint="Run `rekindle migrate`.") from None
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from None
    except errors.UndefinedColumn as error:
        raise SourceViewWrong(primary(error), hint="Run `rekindle check` to see what is missing.") from None
    except errors.QueryCanceled:
        raise StatementTooSlow(
            hint="Raise the budget, run fewer scenarios at once, or look for a missing index."
        ) from None
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        errors.IdleInTransactionSessionTimeout,
        TimeoutError,
    ) as error:
        raise unreachable(url, error) from None
    except psycopg.Error as error:
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from None


def unreachable(url: str, error: Exception) -> DatabaseUnreachable:
    """Return an error with the reason, and without anything of the address."""
    if isinstance(error, PoolTimeout):
        reason = "no connection within the time allowed"
    elif isinstance(error, TimeoutError):
        reason = "no answer within the time allowed"
    elif isinstance(error, UnicodeError):
        reason = "its host cannot be a name"
    elif isinstance(error, psycopg.Error) and error.diag.message_primary is not None:
        reason = primary(error)
    else:
        reason = without_address(str(error), url)
    return DatabaseUnreachable(
        f"the database does not answer: {reason}", hint="Check REKINDLE_DATABASE_URL and that the server runs."
    )


def words_are_foreign(error: psycopg.Error) -> bool:
    """Whether the team's own code, or another server, chose the words of an error, and maybe its
    SQLSTATE."""
    return error.sqlstate in _RAISED or error.diag.source_function in _RAISING  # mutant: raised-by-the-team


def primary(error: psycopg.Error) -> str:
    """Return the server's one-line message without a row's content: no detail, hint or context, and
    no text in quotation marks if the error is about a value, or about SQL that a function put
    together.

    Of an exception that the team's own code raises, only the SQLSTATE: its text may quote anything,
    and it may choose any SQLSTATE.
    """
    if words_are_foreign(error):
        return f"a function of the database raised an exception, SQLSTATE {error.sqlstate}"
    message = (error.diag.message_primary or type(error).__name__)[:300]
    about_a_value = isinstance(error, psycopg.IntegrityError | psycopg.DataError)
    return _QUOTED.sub("…", message) if about_a_value or error.diag.internal_query is not None else message


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
