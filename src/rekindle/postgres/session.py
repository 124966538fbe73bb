"""The session is ours: each transaction begins with every setting that its meaning depends on."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Literal, LiteralString, cast

from psycopg import AsyncConnection

from rekindle.postgres.sql import statement

Mode = Literal["read committed", "repeatable read", "read committed, read only"]
"""What a transaction sees, and whether it may write. The ledger's statements need read
committed."""

_REMARK = re.compile(r"[ ]*-- .*$", re.MULTILINE)


def opening(mode: Mode = "read committed", *, statement_seconds: float = 0, idle_seconds: float = 0) -> LiteralString:
    """Return the text that begins a transaction and pins its settings, in one round trip.

    It is one message of the simple protocol, because only that may have two statements. So it has
    no parameters: the limits, in seconds (0: none), are numbers in its text.
    """
    limits = {"statement_ms": _milliseconds(statement_seconds), "idle_ms": _milliseconds(idle_seconds)}
    # Numbers are as trustworthy as a literal.
    return cast("LiteralString", f"begin isolation level {mode}, not deferrable; {_pins() % limits}")


@asynccontextmanager
async def pinned(connection: AsyncConnection[Any], *, kept: bool = True) -> AsyncGenerator[None]:
    """One transaction without time limits for the block, on a connection in autocommit. It is
    committed at its end, or rolled back if it is not `kept`, and rolled back on any exception."""
    await connection.execute(opening())
    try:
        yield
    except BaseException:
        await connection.rollback()
        raise
    await (connection.commit() if kept else connection.rollback())


def _milliseconds(seconds: float) -> int:
    return 0 if not seconds else max(1, int(seconds * 1000))


@cache
def _pins() -> str:
    """Return the statement without its remarks, which would be two thirds of each message."""
    return _REMARK.sub("", statement("session"))
