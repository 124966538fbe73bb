"""The engine's locks: rows of the private table rekindle.lock, and the lock that claims share and
an erasure takes alone. Each lasts until the transaction ends."""

from typing import Literal

from psycopg import errors, sql

from rekindle.errors import DatabaseError, RekindleError, StatementTooSlow
from rekindle.postgres.connection import Connection
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

LockName = Literal["apply", "guard", "prune", "sweep", "test"]

_HOLDER_SECONDS = 1.0


async def take(database: Database, connection: Connection, name: LockName) -> None:
    """Take a lock, after the transaction that has it has ended.

    Raises:
        StatementTooSlow: it was not free within the time of a statement. The message says which
            session has it, as far as this role may see that.
        DatabaseError: the table has no such lock.
    """
    try:
        rows = await (await connection.execute(statement("lock"), {"name": name})).fetchall()
    except (errors.QueryCanceled, errors.LockNotAvailable):
        raise await _held(database, name) from None
    if not rows:  # mutant: known
        raise _unknown(name)


async def take_if_free(connection: Connection, name: LockName) -> bool:
    """Take a lock if no other transaction has it, and return whether it was taken.

    Raises:
        DatabaseError: the table has no such lock.
    """
    row = await (await connection.execute(statement("lock_if_free"), {"name": name})).fetchone()
    if row is None:
        raise _unknown(name)
    return bool(row["taken"])


async def share_with_claims(connection: Connection) -> None:
    """Wait until no erasure is under way; none begins before this transaction ends.

    Raises:
        StatementTooSlow: an erasure, or a claim that it waits for, did not end within the time of a
            statement.
    """
    await _wait(connection, "erasure_share", "an erasure did not end within the time left")


async def exclude_claims(connection: Connection) -> None:
    """Wait until no claim and no other erasure is under way; none begins before this transaction
    ends.

    Raises:
        StatementTooSlow: one did not end within the time of a statement.
    """
    await _wait(connection, "erasure_begin", "a run's claim did not end within the time left")


async def _wait(connection: Connection, name: str, message: str) -> None:
    try:
        await connection.execute(statement(name))
    except (errors.QueryCanceled, errors.LockNotAvailable):
        raise StatementTooSlow(message, hint="Run it again.") from None


async def _held(database: Database, name: LockName) -> StatementTooSlow:
    message = f"the lock {name} of the ledger was not free within the time left"
    try:
        async with database.transaction(timeout_seconds=_HOLDER_SECONDS) as another:
            row = await (await another.execute(statement("lock_holder"), {"name": name})).fetchone()
    except RekindleError:
        row = None
    if row is None:
        return StatementTooSlow(message, hint="Run it again.")
    since = f" since {row['since']:%Y-%m-%d %H:%M:%S %Z}" if row["since"] else ""
    return StatementTooSlow(
        f"{message}: process {row['pid']} of the server ({row['application_name'] or 'no name'}) has it{since}",
        hint=f"If it does nothing, end it: select pg_terminate_backend({row['pid']}).",
    )


def _unknown(name: LockName) -> DatabaseError:
    repair = sql.SQL("insert into rekindle.lock (name, purpose) values ({}, 'restored')").format(sql.Literal(name))
    return DatabaseError(
        f"the table rekindle.lock has no row {name}", hint=f"Add it as the owner: {repair.as_string()}."
    )
