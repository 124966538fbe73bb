"""Connections to the team's database, and what its errors mean."""

import re
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, conninfo, errors
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from rekindle.errors import (
    DatabaseError,
    DatabaseUnreachable,
    NotMigrated,
    PermissionMissing,
    SourceViewMissing,
    SourceViewWrong,
    StatementTooSlow,
)

Connection = AsyncConnection[DictRow]
Parameters = dict[str, Any]

CONNECT_SECONDS = 10
_QUOTED = re.compile(r'"[^"]*"?')
LOST_SECONDS = 1.0
"""How long one statement waits for a connection after the server was lost, until one has worked again. Whoever has
time left asks again; at ten seconds each, a run whose database had crashed ended 60 s after its budget (measured)."""

REFUSALS = (
    errors.QueryCanceled,
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
)
"""What a working server refuses a statement with."""


@contextmanager
def database_faults(url: str, *, pass_through: tuple[type[psycopg.Error], ...] = ()) -> Generator[None]:
    """Turn what psycopg raises into coded errors that never carry the URL's password or a row's content."""
    try:
        yield
    except pass_through:
        raise
    except errors.InsufficientPrivilege as error:
        raise PermissionMissing(
            f"the database role may not do this: {primary(error)}",
            mend="Grant it rekindle_worker, and see that the grants at the end of source.sql were run.",
        ) from error
    except errors.UndefinedTable as error:
        raise _undefined(error) from error
    except (errors.InvalidSchemaName, errors.UndefinedFunction) as error:
        if "rekindle" in primary(error) and "rekindle_source" not in primary(error):
            raise NotMigrated(mend="Run `rekindle migrate`.") from error
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from error
    except errors.UndefinedColumn as error:
        raise SourceViewWrong(primary(error), mend="Run `rekindle check` to see what is missing.") from error
    except errors.QueryCanceled as error:
        raise StatementTooSlow(
            mend="Raise the budget, run fewer scenarios at once, or look for a missing index."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise unreachable(url, error) from error
    except psycopg.Error as error:
        raise DatabaseError(f"the database refused a statement: {primary(error)}") from error


def unreachable(url: str, error: Exception) -> DatabaseUnreachable:
    """Say which server does not answer and why, without the password."""
    reason = " ".join(str(error).split())
    for noise in ("connection failed: ", "connection is bad: "):
        reason = reason.removeprefix(noise)
    if isinstance(error, PoolTimeout):
        reason = "no connection within the time allowed"
    return DatabaseUnreachable(
        f"the database at {_place(url)} does not answer: {reason[:200]}",
        mend="Check REKINDLE_DATABASE_URL and that the server runs.",
    )


def _place(url: str) -> str:
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "the given address"
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def primary(error: psycopg.Error) -> str:
    """The server's one-line message, without what comes out of a row: its detail and context stay out, and so does
    what a complaint about a value has in quotation marks."""
    message = (error.diag.message_primary or type(error).__name__)[:300]
    return _QUOTED.sub("…", message) if isinstance(error, psycopg.IntegrityError | psycopg.DataError) else message


def _undefined(error: errors.UndefinedTable) -> DatabaseError | SourceViewMissing:
    message = primary(error)
    if "rekindle_source." in message:
        view = message.split('"')[1] if '"' in message else "a view"
        return SourceViewMissing(
            f"the view {view} does not exist", mend="Add it in source.sql and run that file on the database."
        )
    if "rekindle." in message:
        return NotMigrated(mend="Run `rekindle migrate`.")
    return DatabaseError(f"the database refused a statement: {message}")


async def connect(url: str) -> Connection:
    """One connection in autocommit, prepared statements off so that a transaction pooler works.

    Raises:
        DatabaseUnreachable: the address cannot be read, no server answers, or it refuses the login.
    """
    try:
        conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # libpq quotes what it cannot read, and that may be the password.
        raise DatabaseUnreachable(
            "the address of the database cannot be read",
            mend="Write REKINDLE_DATABASE_URL as postgresql://user:password@host:5432/database, with special "
            "characters of the password percent-encoded.",
        ) from None
    try:
        return await AsyncConnection[DictRow].connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            application_name="rekindle",
        )
    except psycopg.Error as error:
        raise unreachable(url, error) from error


class Database:
    """A small pool of connections. Every statement is its own transaction unless `transaction` says otherwise."""

    def __init__(self, url: str, *, connections: int = 4) -> None:
        self.url = url
        self._lost = False
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=CONNECT_SECONDS,
            kwargs={
                "autocommit": True,
                "prepare_threshold": None,
                "row_factory": dict_row,
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "rekindle",
            },
        )

    async def open(self) -> None:
        """Prove that the server answers, then fill the pool.

        Raises:
            DatabaseUnreachable: within ten seconds it did not.
        """
        # The pool retries in the background and reports only a time-out; one plain connection knows the reason.
        await (await connect(self.url)).close()
        with database_faults(self.url):
            await self._pool.open(wait=True, timeout=CONNECT_SECONDS)

    async def close(self) -> None:
        """Give back every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self, *, pass_through: tuple[type[psycopg.Error], ...] = ()) -> AsyncGenerator[Connection]:
        """One connection for the block, in autocommit; errors named in `pass_through` stay what they are."""
        with database_faults(self.url, pass_through=pass_through):
            try:
                async with self._pool.connection(timeout=LOST_SECONDS if self._lost else None) as connection:
                    yield connection
                    self._lost = False
            except psycopg.OperationalError as error:
                # Without a SQLSTATE it is the connection that failed; with one the server spoke, mostly of a statement.
                self._lost = error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
                raise

    @asynccontextmanager
    async def transaction(
        self, *, timeout_seconds: float | None = None, pass_through: tuple[type[psycopg.Error], ...] = ()
    ) -> AsyncGenerator[Connection]:
        """One transaction for the block: committed at its end, rolled back on any exception."""
        async with self.connection(pass_through=pass_through) as connection, connection.transaction():
            if timeout_seconds is not None:
                await connection.execute(
                    "select set_config('statement_timeout', %s, true)",
                    [str(max(1, int(timeout_seconds * 1000)))],
                )
            yield connection

    @asynccontextmanager
    async def reading(self, *, timeout_seconds: float) -> AsyncGenerator[Connection]:
        """One READ ONLY transaction for the team's own SQL, rolled back at its end whatever happened, so that no
        setting that the SQL made outlives it on this connection. What its statements are refused for stays psycopg's
        error; only a server that does not answer is named as in `connection`."""
        async with (
            self.connection(pass_through=REFUSALS) as connection,
            connection.transaction(force_rollback=True),
        ):
            await connection.execute(
                "select set_config('statement_timeout', %s, true)",
                [str(max(1, int(timeout_seconds * 1000)))],
            )
            await connection.execute("set transaction read only")
            yield connection

    async def rows(self, query: LiteralString, parameters: Parameters | None = None) -> list[DictRow]:
        """All rows of one statement, committed when this returns."""
        async with self.connection() as connection:
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall() if cursor.description else []

    async def row(self, query: LiteralString, parameters: Parameters | None = None) -> DictRow:
        """The one row of a statement, committed when this returns."""
        return (await self.rows(query, parameters))[0]


async def execute_all(url: str, statements: Sequence[tuple[LiteralString, Mapping[str, Any] | None]]) -> None:
    """All of the statements were executed, in order and in one transaction; if one fails, none was.

    Parameters are None for a script of several statements.
    """
    with database_faults(url):
        connection = await connect(url)
        async with connection, connection.transaction():
            for text, parameters in statements:
                await connection.execute(text, parameters)
