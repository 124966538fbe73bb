"""The rights of rekindle_worker in the ledger: those that the migrations grant, and those that are
missing."""

import re
from collections.abc import Iterable

from rekindle.postgres.connection import Connection
from rekindle.postgres.sql import statement

_COMMENT = re.compile(r"--.*$", re.MULTILINE)
_GRANT = re.compile(r"\bgrant ([^;']+?)\s+on rekindle\.(\w+) to rekindle_worker;")
_PRIVILEGE = re.compile(r"(\w+)\s*(?:\(([^)]*)\))?")

Right = tuple[str, str, str]
"""A table, a column ('': all of the table), a privilege."""


def granted(texts: Iterable[str]) -> list[Right]:
    """Return every right to a table that these migrations grant to the worker. There is no second
    list of them: what a migration grants is what must be there."""
    found: set[Right] = set()
    for text in texts:
        for what, table in _GRANT.findall(_COMMENT.sub("", text)):
            for privilege, columns in _PRIVILEGE.findall(what):
                found |= {(table, column.strip(), privilege) for column in columns.split(",")}
    return sorted(found)


async def missing_rights(connection: Connection, texts: Iterable[str]) -> list[str]:
    """Return what the worker lacks of the rights that these migrations give, as short texts. Reads
    only."""
    rights = granted(texts)
    parameters = {
        "tables": [table for table, _, _ in rights],
        "column_names": [column for _, column, _ in rights],
        "privileges": [privilege for _, _, privilege in rights],
    }
    cursor = await connection.execute(statement("rights_missing"), parameters)
    return [row["what"] for row in await cursor.fetchall()]
