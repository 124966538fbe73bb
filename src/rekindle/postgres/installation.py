"""The installation that a run writes to: it is ready, and it is the one that the latest run wrote
to."""

from dataclasses import replace
from typing import Any, LiteralString

from rekindle.errors import BadArgument, InstallationNotAdopted
from rekindle.postgres.audit import Entry, audit
from rekindle.postgres.connection import Connection
from rekindle.postgres.fitness import require_fit
from rekindle.postgres.migrate import require_current
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

_ADOPTED = Entry("installation.adopted")
_UNTOLD = "this server does not tell its identifier, so a promoted replica is not noticed"


async def require_ready(connection: Connection) -> None:
    """Refuse a server that cannot keep the promises, or lacks this version's tables.

    Raises:
        DatabaseUnfit: as `require_fit`.
        NotMigrated: the tables are missing or old.
    """
    await require_fit(connection)
    require_current((await _row(connection, statement("migrated")))["migrated_to"])


async def require_known(connection: Connection, *, name: str | None) -> None:
    """Note that a run of the named installation writes here.

    Raises:
        InstallationNotAdopted: the latest run wrote to another one. This one may lack what that run
            committed, or be a copy.
    """
    fault = _judged(await _row(connection, statement("installation_known"), {"name": name}))
    if fault is not None:  # mutant: another-installation
        raise fault
    await _row(connection, statement("installation_seen"), {"name": name, "adopted": False, "actor": None})


async def look(database: Database) -> tuple[InstallationNotAdopted | None, str | None]:
    """Return why a run would halt here, and what is worth a note about it."""
    row = await database.row(statement("installation_known"), {"name": database.installation})
    return _judged(row), None if row["told"] else _UNTOLD


async def adopted(database: Database) -> str | None:
    """Return where this is if runs may write here; None if it must be adopted."""
    row = await database.row(statement("installation_known"), {"name": database.installation})
    return _place(row) if _judged(row) is None else None


async def adopt(database: Database, *, entry: Entry = _ADOPTED) -> str:
    """Adopt this installation: runs may write here. Return where it is.

    Raises:
        BadArgument: there is nothing to adopt; nothing has changed.
    """
    name = {"name": database.installation}
    async with database.transaction() as connection:
        if _judged(await _row(connection, statement("installation_known"), name)) is None:
            raise BadArgument(
                "this installation is the one that the latest run wrote to", hint="Nothing needs to be adopted."
            )
        parameters = name | {"adopted": True, "actor": entry.signature}
        place = _place(await _row(connection, statement("installation_seen"), parameters))
        await audit(connection, replace(entry, subject=place))  # mutant: audit
        return place


def _judged(row: dict[str, Any]) -> InstallationNotAdopted | None:
    if row["known"]:
        return None
    latest = _place({name: row[f"latest_{name}"] for name in ("system_identifier", "timeline", "database_oid")})
    why = "A replica was promoted, or a backup was restored, and the ledger may lack pushes that were sent before"
    if row["copied"]:
        why = "This database is a copy of that one"
    elif row["renamed"]:
        why = "It had another name in REKINDLE_INSTALLATION than this process"
    return InstallationNotAdopted(
        f"this is not the installation that the latest run wrote to, at {row['seen_at']:%Y-%m-%d %H:%M:%S} UTC: "
        f"{_place(row)}, not {latest}. {why}",
        hint="From a copy for tests, nothing should be sent. To send from here, find out what may be missing and run "
        "`rekindle installation adopt`; people whose record is missing may get a second push.",
    )


def _place(row: dict[str, Any]) -> str:
    return (
        f"cluster {row['system_identifier'] or 'not told'}, timeline {row['timeline'] or 'not told'}, "
        f"database {row['database_oid']}"
    )


async def _row(
    connection: Connection, query: LiteralString, parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    return await (await connection.execute(query, parameters)).fetchone() or {}
