"""The pool of connections to the team's database, and its transactions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from rekindle.errors import DatabaseUnreachable, LoginRefused
from rekindle.log import log
from rekindle.postgres.connection import CONNECT_SECONDS, Connection, connect, connection_parameters
from rekindle.postgres.faults import database_faults, server_refused
from rekindle.postgres.session import Mode, opening, pinned

Parameters = dict[str, Any]

CONNECTIONS = 4
"""Connections per run. Its stages use two or three at the same time."""

ANSWER_SECONDS = 30.0
"""The default time limit for a connection and all statements on it. A server can fall silent
without closing the connection (a firewall that forgets it, a machine that is moved). Without a
limit, a client would wait for as long as that lasts."""

_WAIT_SECONDS = 5.0  # between two attempts of a process that waits for its database
_IDLE_SECONDS = 10.0
_YIELDING_SECONDS = 600.0  # between two statements of a block that yields to its caller
_GRACE_SECONDS = 2.0  # the server's limit for a statement ends this much before ours
LOST_SECONDS = 1.0
"""How long each statement waits for a connection from the loss of the server until a statement
succeeds again. A caller that has time left retries. At ten seconds each, a run whose database had
crashed ended 60 s after its budget (measured)."""


class Database:
    """A small pool of connections. Nothing is executed outside a transaction of this class, and
    each begins with the settings of session.sql. `installation` is the name of the installation
    that this process belongs to, if it has one."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS, installation: str | None = None) -> None:
        self.url = url
        self.installation = installation
        self._connections = connections
        self._lost = False
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            min_size=1,
            max_size=connections,
            open=False,
            timeout=CONNECT_SECONDS,
            connection_class=Connection,
            kwargs=lambda: connection_parameters(url),
        )

    async def wait(self, stop: asyncio.Event) -> None:
        """Wait until the server answers or `stop` is set. The first attempt that fails is logged,
        and each one that fails in another way.

        Raises:
            DatabaseUnreachable: the address cannot be read.
            LoginRefused: waiting would not help.
        """
        connection_parameters(self.url)
        said = ""
        while not stop.is_set():
            try:
                await (await connect(self.url)).close()
                return
            except LoginRefused:
                raise
            except DatabaseUnreachable as fault:
                if fault.code != said:
                    log.error("database.awaited", code=fault.code, error=str(fault))
                said = fault.code
            with suppress(TimeoutError):
                async with asyncio.timeout(_WAIT_SECONDS):
                    await stop.wait()

    async def open(self) -> None:
        """Check that the server answers, then fill the pool.

        Raises:
            DatabaseUnreachable: it did not answer within ten seconds.
        """
        # The pool retries in the background and reports only a time-out. A plain connection reports
        # the reason.
        await (await connect(self.url)).close()
        with database_faults(self.url):
            await self._pool.open(wait=True, timeout=CONNECT_SECONDS)

    @property
    def connections(self) -> tuple[int, int, int]:
        """Idle and busy connections, and callers that wait for one."""
        stats = self._pool.get_stats()
        idle = stats.get("pool_available", 0)
        return idle, max(0, stats.get("pool_size", 0) - idle), stats.get("requests_waiting", 0)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close(timeout=LOST_SECONDS)

    @asynccontextmanager
    async def transaction(
        self,
        *,
        timeout_seconds: float = ANSWER_SECONDS,
        bounded: bool = True,
        pass_through: tuple[type[psycopg.Error], ...] = (),
    ) -> AsyncGenerator[Connection]:
        """One transaction for the block: committed at its end, rolled back on any exception. Errors
        in `pass_through` are raised unchanged.

        Each statement has `timeout_seconds`. The block has a little more; after that the server
        counts as not answering. A block that is not `bounded` has no limit: it yields to its caller
        and limits each wait itself.
        """
        async with self._begun(
            "read committed",
            timeout_seconds,
            idle_seconds=_IDLE_SECONDS if bounded else _YIELDING_SECONDS,
            within=timeout_seconds + _GRACE_SECONDS if bounded else None,
            pass_through=pass_through,
        ) as connection:
            yield connection
            await connection.commit()

    @asynccontextmanager
    async def snapshot(
        self,
        *,
        timeout_seconds: float,
        bounded: bool = True,
        pass_through: tuple[type[psycopg.Error], ...] = (),
    ) -> AsyncGenerator[Connection]:
        """One transaction whose statements all see the rows that were committed before its first
        statement. It is rolled back at its end, with the rows that it staged. Each statement has
        `timeout_seconds`, and the block twice that and a little more. A block that is not `bounded`
        has no limit."""
        async with self._begun(
            "repeatable read",
            timeout_seconds,
            idle_seconds=_IDLE_SECONDS if bounded else _YIELDING_SECONDS,
            within=2 * timeout_seconds + _GRACE_SECONDS if bounded else None,
            pass_through=pass_through,
        ) as connection:
            yield connection
            await connection.rollback()

    @asynccontextmanager
    async def reading(self, *, timeout_seconds: float) -> AsyncGenerator[Connection]:
        """One READ ONLY transaction for the team's own SQL. It is always rolled back at its end, so
        that no setting made by the SQL remains on this connection, and no session-level advisory
        lock: that would outlive the transaction, also behind a pooler."""
        async with self._begun(
            "read committed, read only",
            timeout_seconds,
            within=timeout_seconds + _GRACE_SECONDS,
        ) as connection:
            try:
                async with connection.transaction():  # a failed statement ends only this part
                    yield connection
            finally:
                if connection.info.transaction_status is TransactionStatus.INTRANS:
                    await connection.execute("select pg_advisory_unlock_all()")  # mutant: unlock
            await connection.rollback()

    async def rows(
        self,
        query: LiteralString,
        parameters: Parameters | None = None,
        *,
        pass_through: tuple[type[psycopg.Error], ...] = (),
    ) -> list[DictRow]:
        """Return all rows of one statement, which is committed when this returns."""
        # The statement and its COMMIT are not pipelined. psycopg ends a pipeline with a Flush after
        # the Sync. A transaction pooler then lends a connection for it, and gets it back only with
        # the next statement. The rows are read before the COMMIT, because psycopg reads them by the
        # settings that are in force.
        async with self.transaction(pass_through=pass_through) as connection:
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall() if cursor.description else []

    async def row(self, query: LiteralString, parameters: Parameters | None = None) -> DictRow:
        """Return the one row of a statement, which is committed when this returns."""
        return (await self.rows(query, parameters))[0]

    @asynccontextmanager
    async def _begun(
        self,
        mode: Mode,
        timeout_seconds: float,
        *,
        within: float | None,
        idle_seconds: float = _IDLE_SECONDS,
        pass_through: tuple[type[psycopg.Error], ...] = (),
    ) -> AsyncGenerator[Connection]:
        """A connection in a transaction that has begun, with its settings pinned. The block ends
        it. On an exception it is rolled back."""
        begin = opening(mode, statement_seconds=max(timeout_seconds, 0.001), idle_seconds=idle_seconds)
        with database_faults(self.url, pass_through=pass_through):
            try:
                async with asyncio.timeout(within), self._living(begin) as connection:
                    yield connection
                    self._lost = False
            except psycopg.OperationalError as error:
                self._lost = not server_refused(error)
                raise
            except (TimeoutError, asyncio.CancelledError):
                self._lost = True
                raise

    @asynccontextmanager
    async def _taken(self) -> AsyncGenerator[Connection]:
        """A connection of the pool, alive or not."""
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        async with AsyncExitStack() as stack:
            taken = self._pool.connection(timeout=LOST_SECONDS if self._lost else None)
            try:
                connection = await stack.enter_async_context(taken)
            except PoolTimeout:
                # The pool does not tell why it has no connection. A separate login is told.
                self._lost = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOST_SECONDS):
                        await (await connect(self.url)).close()
                raise
            # The pool waits by asyncio.wait_for. Before Python 3.12 that loses a cancellation which
            # comes as the connection is handed over: the caller would go on, without a time limit.
            if task and task.cancelling() > cancelled:  # mutant: cancelled-as-it-was-handed-over
                raise asyncio.CancelledError
            yield connection

    @asynccontextmanager
    async def _living(self, begin: LiteralString) -> AsyncGenerator[Connection]:
        """A connection on which the transaction has begun.

        A server, or a pooler, may have closed a connection while it was idle. Its first statement
        fails then. Nothing was asked on it yet, so the next connection is tried: each of the idle
        ones, and then a new one.
        """
        for left in range(self._connections, -1, -1):
            async with self._taken() as connection:
                try:
                    await connection.execute(begin)
                except psycopg.OperationalError:
                    if not (left and connection.closed):  # mutant: closed-while-idle
                        raise
                    self._lost = True
                    continue
                yield connection
                return


async def execute_all(url: str, statements: Sequence[tuple[LiteralString, Mapping[str, Any] | None]]) -> None:
    """Execute the statements in order, in one transaction. If one fails, nothing changes.

    Parameters are None for a script of several statements.
    """
    with database_faults(url):
        connection = await connect(url)
        async with connection, pinned(connection):
            for text, parameters in statements:
                await connection.execute(text, parameters)
