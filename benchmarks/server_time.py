"""The processor time of the server, for every benchmark that holds one connection."""

from collections.abc import Callable

import psutil

from rekindle.postgres.pool import Database


async def server_time(database: Database) -> Callable[[], float]:
    """Return a function: the processor seconds that the server has spent on this pool's one
    connection so far."""
    async with database.transaction() as connection:
        server = psutil.Process(connection.info.backend_pid)

    def spent() -> float:
        used = server.cpu_times()
        return used.user + used.system

    return spent
