"""Erase a person from the ledger, and export everything that it has about one."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString
from uuid import UUID

from rekindle.ports import Deleted, Entry, LastSend
from rekindle.postgres.audit import audit
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import optional_views
from rekindle.postgres.locks import exclude_claims
from rekindle.postgres.pool import ANSWER_SECONDS, Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement

TABLES = (
    "gate",
    "cap",
    "outbox",
    "scenario_notification",
    "delivery",
    "came_back",
    "outcome",
    "spent",
    "disabled_token",
    "enrolment",
    "test_send",
)
"""Every table of the ledger that holds people, in the order of an export."""

_STREAM_ROWS = 1_000


async def erase(database: Database, user_id: UUID, entry: Entry) -> Deleted:
    """Delete every row about the person, and write the entry with their numbers: one transaction of
    twelve statements.

    It waits for the claims under way, and those that begin later wait for it. A write of a send
    that is under way finds no unit afterwards and changes nothing.

    Raises:
        StatementTooSlow: a claim did not end within the time of a statement; nothing has changed.
    """
    parameters = {"user_id": user_id}
    async with database.transaction() as connection:
        await exclude_claims(connection)  # mutant: lock
        # Units first, as everywhere: see erase_units.sql.
        units = await _rows(connection, statement("erase_units"), parameters)  # mutant: units
        outcomes = await _rows(connection, statement("erase_outcomes"), parameters)  # mutant: outcomes
        records = await _rows(connection, statement("erase_records"), parameters)  # mutant: records
        spent = await _rows(connection, statement("erase_spent"), parameters)  # mutant: spent
        gates = await _rows(connection, statement("erase_gates"), parameters)  # mutant: gates
        caps = await _rows(connection, statement("erase_cap"), parameters)  # mutant: caps
        tokens = await _rows(connection, statement("erase_disabled_tokens"), parameters)  # mutant: tokens
        enrolments = await _rows(connection, statement("erase_enrolments"), parameters)  # mutant: enrolments
        tests = await _rows(connection, statement("erase_test_sends"), parameters)  # mutant: tests
        [moment] = await _rows(connection, statement("moment"))
        under_way = _sum(units, "under_way")
        deleted = Deleted(
            rows={
                "gate": _sum(gates),
                "cap": _sum(caps),
                "outbox": _sum(units),
                "scenario_notification": _sum(records),
                "delivery": _sum(records, "deliveries"),
                "came_back": _sum(records, "came_back"),
                "outcome": _sum(outcomes),
                "spent": _sum(spent),
                "disabled_token": _sum(tokens),
                "enrolment": _sum(enrolments),
                "test_send": _sum(tests),
            },
            withdrawn=_sum(units) - under_way,
            under_way=under_way,
            sends=[
                LastSend(row["scenario_type"], row["scenario_version"], row["latest_at"])
                for row in (*units, *outcomes, *records, *tests)
                if row["latest_at"] is not None
            ],
            at=moment["at"],
        )
        details = {"rows": deleted.rows, "withdrawn": deleted.withdrawn, "under_way": deleted.under_way}
        await audit(connection, replace(entry, details=details))  # mutant: audit
    return deleted


async def export(database: Database, user_id: UUID, entry: Entry) -> AsyncGenerator[tuple[str, str]]:
    """Every row about the person, as its table and a JSON text, in the order of TABLES.

    The entry, with the number of rows, is committed before the first row is given out. The rows
    are read through a server-side cursor, so that memory does not grow with their number.
    """
    parameters = {"user_id": user_id}
    async with database.transaction() as connection:
        counts = await _rows(connection, statement("export_counts"), parameters)
        rows = dict.fromkeys(TABLES, 0) | {row["name"]: row["rows"] for row in counts}
        await audit(connection, replace(entry, details={"rows": rows}))  # mutant: audit-of-an-export
    # Between two reads this waits for the caller, so each wait for the server has its own time
    # limit.
    async with (
        database.transaction(bounded=False) as connection,
        connection.cursor(name="rekindle_export") as cursor,
    ):
        async with asyncio.timeout(ANSWER_SECONDS):
            await cursor.execute(statement("export"), parameters)
        while True:
            async with asyncio.timeout(ANSWER_SECONDS):
                read = await cursor.fetchmany(_STREAM_ROWS)
            if not read:
                return
            for row in read:
                yield row["name"], row["row"]


async def named(database: Database, given: str, user_id: UUID | None) -> Sequence[UUID]:
    """Return the recipients that have the text as external_id or as user_id; at most three."""
    async with evaluating("the search for a person in rekindle_source.recipient"):
        rows = await database.rows(statement("person_named"), {"given": given, "user_id": user_id})
    return [row["user_id"] for row in rows]


async def organisations_of(database: Database, user_id: UUID) -> frozenset[UUID | None]:
    """Return the organisations that the recipient view and the ledger have for the person; None for
    rows without one. It is empty for an unknown id."""
    async with database.transaction() as connection:
        text = statement("person_organisations", **await optional_views(connection))
        rows = await _rows(connection, text, {"user_id": user_id})
    return frozenset(row["organisation_id"] for row in rows)


async def _rows(
    connection: Connection, query: LiteralString, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    return await (await connection.execute(query, parameters)).fetchall()


def _sum(rows: list[dict[str, Any]], name: str = "rows") -> int:
    return sum(row[name] for row in rows)
