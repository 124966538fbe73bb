"""What `rekindle check` notes about the server, the roles and the ledger: nothing of it prevents a
run. Each note has one statement, and one function that puts it into words."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, LiteralString, cast

from psycopg import sql

from rekindle.errors import RekindleError
from rekindle.ports import Note
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

_SECONDS = 10.0
"""The most time for one note."""
GATE_TOLERANCE_SECONDS = 3_600
OLD_SNAPSHOT_SECONDS = 3_600
OLD_SNAPSHOT_TRANSACTIONS = 1_000_000
LARGE_ROWS = 10_000
"""The rows from which a table that is read without an index deserves a note."""

_LOOKED_UP = ("recipient", "membership", "device_token", "preference")
"""The views in which people are looked up one by one. `activity` has a separate finding."""
_MADE_EXPENSIVE = ("enable_seqscan", "enable_bitmapscan")


class PostgresNotes:
    """The notes about one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def notes(self) -> Sequence[Note]:
        """Return every note. Reads only. What cannot be looked at is a note, too."""
        found: list[Note] = []
        for subject, look in self._looks().items():
            try:
                found += [Note(subject, message) for message in await look()]
            except RekindleError as fault:
                found.append(Note(subject, f"{subject} could not be looked at: {fault.message}"))
        return found

    def _looks(self) -> dict[str, Callable[[], Awaitable[list[str]]]]:
        return {
            "login": self._login,
            "worker role": self._members,
            "device tokens": self._tokens,
            "gates": self._gates,
            "old snapshots": self._snapshots,
            "indexes": self._indexes,
        }

    async def _rows(self, text: LiteralString, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        async with self._database.transaction(timeout_seconds=_SECONDS) as connection:
            return await (await connection.execute(text, parameters)).fetchall()

    async def _login(self) -> list[str]:
        for row in await self._rows(statement("note_login")):
            rights = {
                "is a superuser": row["superuser"],
                "bypasses row level security": row["bypasses"],
                "owns the ledger": row["owner"],
            }
            held = [words for words, has in rights.items() if has]
            if held:
                return [f"the login {row['login']} {' and '.join(held)}; runs need only the role rekindle_worker"]
        return []

    async def _members(self) -> list[str]:
        return [
            f"the role {row['role']} of the REST API may act as rekindle_worker: "
            f"revoke rekindle_worker from {row['role']}"
            for row in await self._rows(statement("note_members"))
        ]

    async def _tokens(self) -> list[str]:
        return [
            f"the role {row['role']} of the REST API may read device tokens through {row['relation']}"
            for row in await self._rows(statement("note_tokens"))
        ]

    async def _gates(self) -> list[str]:
        parameters = {"tolerance_seconds": GATE_TOLERANCE_SECONDS}
        (row,) = await self._rows(statement("note_gates"), parameters)
        if not row["people"]:
            return []
        shut = (
            f"{row['people']:,} that stay shut for longer than their cooldown, the last until {row['until']:%Y-%m-%d}"
        )
        return [f"gates: {shut}; the clock was ahead when they were written"]

    async def _snapshots(self) -> list[str]:
        parameters = {"old_seconds": OLD_SNAPSHOT_SECONDS, "old_transactions": OLD_SNAPSHOT_TRANSACTIONS}
        return [
            f"{row['holder']} has kept the server from removing dead rows"
            + (f" since {row['since']:%Y-%m-%d %H:%M %Z}" if row["since"] else " for a long time")
            for row in await self._rows(statement("note_snapshots"), parameters)
        ]

    async def _indexes(self) -> list[str]:
        """Which large tables are read as a whole to find one person. The planner decides, so that
        the answer is right for any table behind a view."""
        found: list[str] = []
        for view in _LOOKED_UP:
            scanned = await self._scanned(view)
            sizes = {
                "schema_names": [schema for schema, _ in scanned],
                "table_names": [table for _, table in scanned],
                "least_rows": LARGE_ROWS,
            }
            found += [
                f"no index by person serves rekindle_source.{view}: {row['relation']} has about {row['rows']:,} rows"
                for row in await self._rows(statement("note_sizes"), sizes)
            ]
        return found

    async def _scanned(self, view: str) -> list[tuple[str, str]]:
        """The tables that a search for one person in the view reads as a whole, by schema and
        name."""
        if not await self._rows("select where to_regclass(%(view)s) is not null", {"view": f"rekindle_source.{view}"}):
            return []
        query = sql.SQL(
            "explain (format json, verbose) select from rekindle_source.{} looked"
            " where looked.user_id = '00000000-0000-0000-0000-000000000000'"
        ).format(sql.Identifier(view))
        async with self._database.transaction(timeout_seconds=_SECONDS) as connection:
            for setting in _MADE_EXPENSIVE:
                await connection.execute("select set_config(%s, 'off', true)", [setting])
            row = await (await connection.execute(query)).fetchone()
        return list(_sequential((row or {})["QUERY PLAN"][0]["Plan"]))


def _sequential(plan: dict[str, Any]) -> Sequence[tuple[str, str]]:
    below = [one for child in cast("list[dict[str, Any]]", plan.get("Plans", [])) for one in _sequential(child)]
    if plan["Node Type"] == "Seq Scan":
        below.append((plan["Schema"], plan["Relation Name"]))
    return below
