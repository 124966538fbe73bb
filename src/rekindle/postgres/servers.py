"""The server that a run writes to: it is ready, and it is the one that the latest run wrote to."""

from dataclasses import replace
from typing import Any, LiteralString

from rekindle.errors import BadArgument, ServerNotConfirmed
from rekindle.postgres.audit import Entry, audit
from rekindle.postgres.fitness import require_fit
from rekindle.postgres.migrate import require_current
from rekindle.postgres.pool import Connection, Database
from rekindle.postgres.sql import statement

_CONFIRMED = Entry("failover.confirmed")
_UNTOLD = "this server does not tell its identifier, so a promoted replica is not noticed"


async def require_ready(connection: Connection) -> None:
    """Refuse a server that cannot keep the promises, or lacks this version's tables.

    Raises:
        DatabaseUnfit: as `require_fit`.
        NotMigrated: the tables are missing or old.
    """
    await require_fit(connection)
    require_current((await _row(connection, statement("migrated")))["migrated_to"])


async def require_known(connection: Connection) -> None:
    """Note that a run writes to this server.

    Raises:
        ServerNotConfirmed: the latest run wrote to another one, and this one may lack what that run
            committed.
    """
    fault = _judged(await _row(connection, statement("server_known")))
    if fault is not None:  # mutant: another-server
        raise fault
    await _row(connection, statement("server_seen"), {"confirmed": False, "actor": None})


async def look(database: Database) -> tuple[ServerNotConfirmed | None, str | None]:
    """Return why a run would halt on this server, and what is worth a note about it."""
    row = await database.row(statement("server_known"))
    return _judged(row), None if row["told"] else _UNTOLD


async def confirmed(database: Database) -> str | None:
    """Return the name of this server if runs may write to it; None if it must be confirmed."""
    row = await database.row(statement("server_known"))
    return _name(row) if _judged(row) is None else None


async def confirm(database: Database, *, entry: Entry = _CONFIRMED) -> str:
    """Confirm this server: runs may write to it. Return its name.

    Raises:
        BadArgument: there is nothing to confirm; nothing has changed.
    """
    async with database.transaction() as connection:
        if _judged(await _row(connection, statement("server_known"))) is None:
            raise BadArgument(
                "this server is the one that the latest run wrote to", hint="Nothing needs a confirmation."
            )
        parameters = {"confirmed": True, "actor": entry.signature}
        server = _name(await _row(connection, statement("server_seen"), parameters))
        await audit(connection, replace(entry, subject=server))  # mutant: audit
        return server


def _judged(row: dict[str, Any]) -> ServerNotConfirmed | None:
    if row["known"]:
        return None
    latest = {"system_identifier": row["latest_system_identifier"], "timeline": row["latest_timeline"]}
    return ServerNotConfirmed(
        f"this is not the server that the latest run wrote to, at {row['seen_at']:%Y-%m-%d %H:%M:%S} UTC: "
        f"{_name(row)}, not {_name(latest)}. A replica was promoted, or a backup was restored, and the ledger may "
        "lack pushes that were sent before",
        hint="Find out what may be missing. Then run `rekindle failover confirm`; "
        "people whose record is missing may get a second push.",
    )


def _name(row: dict[str, Any]) -> str:
    return f"cluster {row['system_identifier'] or 'not told'}, timeline {row['timeline'] or 'not told'}"


async def _row(
    connection: Connection, query: LiteralString, parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    return await (await connection.execute(query, parameters)).fetchone() or {}
