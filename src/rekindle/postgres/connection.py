"""One connection to the team's database: its network settings, and how it is opened and closed."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, waiting
from psycopg.abc import PQGen
from psycopg.rows import DictRow, dict_row

from rekindle.postgres import address
from rekindle.postgres.faults import unanswered

RV = TypeVar("RV")

CONNECT_SECONDS = 10
_CANCEL_SECONDS = 0.5
# A lost network is noticed after about 15 s. The statement is then retried on another connection.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}

# Python prints warnings of an unconfigured logger to stderr. Those of psycopg quote the server's
# address, and Rekindle logs the loss of a connection itself.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Connection(AsyncConnection[DictRow]):
    """A connection that closes at once when its caller is cancelled while waiting for an answer."""

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does, but close the connection on cancellation. psycopg asks the server
        to stop and waits ten seconds for its answer. A silent server never answers, and a run that
        has ended does not have ten seconds. In both cases it is not known whether the statement
        took effect."""
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except asyncio.CancelledError:
            try:
                with suppress(psycopg.Error):
                    await self.cancel_safe(timeout=_CANCEL_SECONDS)
            finally:
                self.pgconn.finish()
            raise


def connection_parameters(url: str) -> dict[str, Any]:
    """Return the parameters of every connection. Network settings in the address take precedence.

    Raises:
        DatabaseUnreachable: the address cannot be read.
    """
    given = address.parameters(url)
    own: dict[str, Any] = {name: value for name, value in _KEEPALIVE.items() if name not in given}
    if "options" not in given:
        own["options"] = ""  # not those of PGOPTIONS, which are for another program
    return (
        given
        | own
        | {
            "autocommit": True,
            "client_encoding": "utf8",
            "prepare_threshold": None,  # no prepared statements, so that a transaction pooler works
            "row_factory": dict_row,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "rekindle",
        }
    )


async def connect(url: str) -> Connection:
    """Open one connection in autocommit.

    Raises:
        DatabaseUnreachable: the address cannot be read, or no server answers.
        LoginRefused: it refuses the login.
    """
    parameters = connection_parameters(url)
    try:
        return await Connection.connect(**parameters)
    except (psycopg.Error, UnicodeError) as error:  # a host that cannot be a name is a UnicodeError
        raise unanswered(url, error) from None
