"""Turn the database's errors into coded errors that never contain a password or a row's content."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from rekindle.errors import (
    DatabaseError,
    DatabaseFull,
    DatabaseStopping,
    DatabaseUnfit,
    DatabaseUnreachable,
    InTheWay,
    LoginRefused,
    NoConnectionLeft,
    NotMigrated,
    ObjectNotReady,
    OutOfMemory,
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

_CONNECTIONS = (
    "Close other connections, raise the limit of the server, the role or the pooler, or give Rekindle fewer runs at "
    "once."
)
_RETRY = "It is asked again for as long as the run has time. Otherwise try again when the server runs."
_OF_STATE: Sequence[tuple[str, type[DatabaseError], str]] = (
    (
        "53100",
        DatabaseFull,
        "Free space or give the database a larger disk. Nothing is lost; the next run carries on.",
    ),
    ("53300", NoConnectionLeft, _CONNECTIONS),
    ("53", OutOfMemory, "Give the server more memory or a higher limit, or look for a view that needs too much."),
    ("55P03", InTheWay, "See pg_locks and pg_stat_activity for the session that has the lock, and end it."),
    ("55006", InTheWay, "See pg_stat_activity for the session that uses it, and end it."),
    ("40", InTheWay, "Try again. If it comes back, see the server's log for the other session."),
    ("55", ObjectNotReady, "Correct what the message names; a materialized view must be refreshed once."),
    ("57P", DatabaseStopping, _RETRY),
    ("28", LoginRefused, LoginRefused.usual_hint),
    ("3D", LoginRefused, LoginRefused.usual_hint),
)
"""By the beginning of a SQLSTATE, the first that fits: its error and what helps."""

_OF_LOGIN = {
    "too many clients already": "53300",
    "too many connections for": "53300",
    "remaining connection slots are reserved": "53300",
    "max client": "53300",
    "the database system is": "57P03",
    "authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "is not permitted to log in": "28000",
    "FATAL: role … does not exist": "28000",
    "no such user": "28000",
    "Tenant or user not found": "28000",
    "FATAL: database … does not exist": "3D000",
    "no such database": "3D000",
}
"""What servers and poolers say at a login, with its SQLSTATE."""


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
            hint="Run `rekindle migrate` as the owner, which gives back what rekindle_worker lacks; grant "
            "rekindle_worker to this role; run the grants at the end of source.sql. `rekindle check` says what is "
            "missing.",
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
    except errors.ReadOnlySqlTransaction:
        raise read_only() from None
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        errors.IdleInTransactionSessionTimeout,
        TimeoutError,
    ) as error:
        raise unanswered(url, error) from None
    except psycopg.Error as error:
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from None


def read_only() -> DatabaseUnfit:
    """Return the error about a server that refuses every write."""
    return DatabaseUnfit(
        "the database is read-only, so nothing can be claimed or recorded",
        hint="Free disk space if the disk is full, then reset default_transaction_read_only of the role and the "
        "database. On Supabase see https://supabase.com/docs/guides/platform/database-size.",
    )


def unanswered(url: str, error: Exception) -> DatabaseError:
    """Return the error about a statement or a login that did not succeed because of the server's
    state: with the reason and a hint, and without anything of the address."""
    reason = _reason(url, error)
    state = (error.sqlstate if isinstance(error, psycopg.Error) else None) or _state_of(reason)
    for prefix, kind, hint in _OF_STATE:
        if state.startswith(prefix):
            return kind(f"{_first(kind)}: {reason}", hint=hint)
    return DatabaseUnreachable(
        f"the database does not answer: {reason}", hint="Check REKINDLE_DATABASE_URL and that the server runs."
    )


def words_are_foreign(error: psycopg.Error) -> bool:
    """Whether the team's own code, or another server, chose the words of an error, and maybe its
    SQLSTATE."""
    return error.sqlstate in _RAISED or error.diag.source_function in _RAISING  # mutant: raised-by-the-team


def _first(kind: type[DatabaseError]) -> str:
    """The message of an error's class, as the beginning of a longer one."""
    text = " ".join((kind.__doc__ or "").split()).removesuffix(".")
    return text[:1].lower() + text[1:]


def _state_of(reason: str) -> str:
    """The SQLSTATE of a refused login, for which libpq has only a text; '' if it is not known."""
    return next((state for words, state in _OF_LOGIN.items() if words in reason), "")


def _reason(url: str, error: Exception) -> str:
    if isinstance(error, PoolTimeout):
        return "no connection within the time allowed"
    if isinstance(error, TimeoutError):
        return "no answer within the time allowed"
    if isinstance(error, UnicodeError):
        return "its host cannot be a name"
    if isinstance(error, psycopg.Error) and error.diag.message_primary is not None:
        return primary(error)
    return without_address(str(error), url)


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
