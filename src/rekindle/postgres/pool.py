"""Connections to the team's database, and what its errors mean."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection, IsolationLevel, conninfo, waiting
from psycopg.abc import PQGen
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from rekindle.errors import DatabaseUnreachable
from rekindle.postgres.faults import REFUSALS, database_faults, unreachable
from rekindle.postgres.sql import statement

RV = TypeVar("RV")
Parameters = dict[str, Any]

CONNECTIONS = 4
"""Of one run: its stages use two or three side by side."""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30.0
"""How long a connection is waited for, with all that is asked on it, where nobody says
otherwise. A server that goes silent without closing (a firewall that forgets, a machine that is
moved) would be waited for as long as it is so."""

# Python prints warnings of an unconfigured logger to stderr. psycopg's quote the server's address;
# the loss of a connection is an event of ours.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_CANCEL_SECONDS = 0.5
_IDLE_SECONDS = 10.0
_GRACE_SECONDS = 2.0  # by so much the server's own limit of a statement comes before ours
# A network that is gone is noticed in some 15 s, and the statement asked again on another
# connection.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}
LOST_SECONDS = 1.0
"""How long one statement waits for a connection after the server was lost, until one has worked
again. Whoever has time left asks again; at ten seconds each, a run whose database had crashed
ended 60 s after its budget (measured)."""


class Connection(AsyncConnection[DictRow]):
    """A connection that can be left at once: who is cancelled while waiting for an answer has
    closed it."""

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg's own, which asks a server that it is cancelled on to stop, and waits ten
        seconds for it to say
        so: a silent one never does, and a run that is over has no ten seconds. What the
        statement did is unclear either way."""
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except asyncio.CancelledError:
            try:
                with suppress(psycopg.Error):
                    await self.cancel_safe(timeout=_CANCEL_SECONDS)
            finally:
                self.pgconn.finish()
            raise


def _parameters(url: str) -> dict[str, Any]:
    """How every connection is made; what the address says of the network wins.

    Raises:
        DatabaseUnreachable: the address cannot be read.
    """
    try:
        said = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # libpq quotes what it cannot read, and that may be the password.
        raise DatabaseUnreachable(
            "the address of the database cannot be read",
            hint="Write REKINDLE_DATABASE_URL as postgresql://user:password@host:5432/database, with special "
            "characters of the password percent-encoded.",
        ) from None
    own: dict[str, Any] = {name: value for name, value in _KEEPALIVE.items() if name not in said}
    return own | {
        "autocommit": True,
        "prepare_threshold": None,  # prepared statements off, so that a transaction pooler works
        "row_factory": dict_row,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "rekindle",
    }


async def connect(url: str) -> Connection:
    """One connection in autocommit.

    Raises:
        DatabaseUnreachable: the address cannot be read, no server answers, or it refuses the login.
    """
    parameters = _parameters(url)
    try:
        return await Connection.connect(url, **parameters)
    except psycopg.Error as error:
        raise unreachable(url, error) from error


class Database:
    """A small pool of connections. Every statement is its own transaction unless `transaction`
    says otherwise."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self.url = url
        self._lost = False
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=CONNECT_SECONDS,
            connection_class=Connection,
            kwargs=lambda: _parameters(url),
        )

    async def open(self) -> None:
        """Prove that the server answers, then fill the pool.

        Raises:
            DatabaseUnreachable: within ten seconds it did not.
        """
        # The pool retries in the background and reports only a time-out; one plain connection knows
        # the reason.
        await (await connect(self.url)).close()
        with database_faults(self.url):
            await self._pool.open(wait=True, timeout=CONNECT_SECONDS)

    async def close(self) -> None:
        """Give back every connection."""
        await self._pool.close(timeout=LOST_SECONDS)

    @asynccontextmanager
    async def connection(
        self, *, within: float | None = ANSWER_SECONDS, pass_through: tuple[type[psycopg.Error], ...] = ()
    ) -> AsyncGenerator[Connection]:
        """One connection for the block, in autocommit; errors named in `pass_through` stay what
        they are.

        The block has `within` seconds, after which the server counts as not answering. None for a
        block that yields to
        others: its owner bounds each wait.
        """
        with database_faults(self.url, pass_through=pass_through):
            try:
                async with (
                    asyncio.timeout(within),
                    self._pool.connection(timeout=LOST_SECONDS if self._lost else None) as connection,
                ):
                    yield connection
                    self._lost = False
            except psycopg.OperationalError as error:
                # Without a SQLSTATE it is the connection that failed; with one the server spoke,
                # mostly of a statement.
                self._lost = error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
                raise
            except (TimeoutError, asyncio.CancelledError):
                self._lost = True
                raise

    @asynccontextmanager
    async def transaction(
        self,
        *,
        timeout_seconds: float = ANSWER_SECONDS,
        bounded: bool = True,
        pass_through: tuple[type[psycopg.Error], ...] = (),
    ) -> AsyncGenerator[Connection]:
        """One transaction for the block: committed at its end, rolled back on any exception.

        Each statement has `timeout_seconds`, and the block little more, unless it is not `bounded`:
        see `connection`.
        """
        within = timeout_seconds + _GRACE_SECONDS if bounded else None
        async with self.connection(within=within, pass_through=pass_through) as connection, connection.transaction():
            await connection.execute(statement("limits"), _limits(timeout_seconds, _IDLE_SECONDS if bounded else 600))
            yield connection

    @asynccontextmanager
    async def snapshot(
        self, *, timeout_seconds: float, pass_through: tuple[type[psycopg.Error], ...] = ()
    ) -> AsyncGenerator[Connection]:
        """One transaction whose statements all see what was committed before the first of them;
        rolled back at its end, with what it staged. Each statement has `timeout_seconds`, and
        the block twice that and little more."""
        async with self.connection(
            within=2 * timeout_seconds + _GRACE_SECONDS, pass_through=pass_through
        ) as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            try:
                async with connection.transaction(force_rollback=True):
                    await connection.execute(statement("limits"), _limits(timeout_seconds, _IDLE_SECONDS))
                    yield connection
            finally:
                await connection.set_isolation_level(None)

    @asynccontextmanager
    async def reading(self, *, timeout_seconds: float) -> AsyncGenerator[Connection]:
        """One READ ONLY transaction for the team's own SQL, rolled back at its end whatever
        happened, so that no setting that the SQL made outlives it on this connection. What its
        statements are refused for stays psycopg's error; only a server that does not answer is
        named as in `connection`."""
        async with (
            self.connection(within=timeout_seconds + _GRACE_SECONDS, pass_through=REFUSALS) as connection,
            connection.transaction(force_rollback=True),
        ):
            await connection.execute(statement("limits"), _limits(timeout_seconds, _IDLE_SECONDS))
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


def _limits(statement_seconds: float, idle_seconds: float) -> Parameters:
    return {"statement_ms": max(1, int(statement_seconds * 1000)), "idle_ms": int(idle_seconds * 1000)}


async def execute_all(url: str, statements: Sequence[tuple[LiteralString, Mapping[str, Any] | None]]) -> None:
    """All of the statements were executed, in order and in one transaction; if one fails, none was.

    Parameters are None for a script of several statements.
    """
    with database_faults(url):
        connection = await connect(url)
        async with connection, connection.transaction():
            for text, parameters in statements:
                await connection.execute(text, parameters)
