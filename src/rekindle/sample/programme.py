"""The sample programme as statements: organisations, mentors and what they did, made by the
database itself."""

from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any, LiteralString, NamedTuple, cast

from rekindle.errors import BadArgument
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import execute_all

MAX_RECIPIENTS = 1_000_000
_MAX_SEED = 2**63 - 1

_TABLES = (
    "organisations",
    "chapters",
    "mentors",
    "activity_log",
    "certificates",
    "push_tokens",
    "notification_settings",
)


class Statement(NamedTuple):
    """One step of making the programme.

    `parameters` is None where `sql` is a script of several statements without placeholders; else
    `sql` is one statement with placeholders such as %(seed)s.
    """

    name: str
    sql: LiteralString
    parameters: Mapping[str, Any] | None


def statements(recipients: int = 500, seed: int = 1, *, at: datetime | None = None) -> list[Statement]:
    """Everything that makes the sample programme and the views over it, in the order in which it
    must be executed.

    The same recipients, seed and `at` make the same rows, whatever the machine. All must run on one
    connection, and should in one transaction: then either all of it is there or nothing. Where a
    schema `programme` or a view of rekindle_source exists already, the database refuses
    (duplicate_schema, duplicate_table); nothing is replaced. Schema `programme` belongs to whoever
    executes them; rekindle_worker may read the views alone.

    Args:
        recipients: how many mentors, 1 to 1,000,000.
        seed: what all draws depend on, 0 to 2^63 - 1.
        at: the instant, with a time zone, that every date lies before or after; None for the
            database's `now()`.

    Raises:
        BadArgument: a number is out of range, or `at` has no time zone.
    """
    if not 1 <= recipients <= MAX_RECIPIENTS:
        raise BadArgument(f"the sample programme cannot have {recipients} recipients", hint="Give 1 to 1,000,000.")
    if not 0 <= seed <= _MAX_SEED:
        raise BadArgument(f"{seed} cannot be a seed", hint="Give a whole number from 0 to 2^63 - 1.")
    if at is not None and at.tzinfo is None:
        raise BadArgument("the instant of the sample programme has no time zone")
    given = {"recipients": recipients, "seed": seed, "at": at}
    return [
        Statement("schema", _text("schema"), None),
        Statement("draws", _text("draws"), None),
        *(Statement(table, _text(table), given) for table in _TABLES),
        Statement("keys", _text("keys"), None),
        Statement("views", _text("views"), None),
    ]


async def make_programme(url: str, recipients: int = 500, seed: int = 1) -> None:
    """The database at `url` has Rekindle's tables and the sample programme; the latter as a whole
    or not at all.

    Raises:
        BadArgument: a number is out of range.
        DatabaseError: a sample programme is there already, or the login may not make one.
    """
    steps = statements(recipients, seed)
    await migrate(url)
    await execute_all(url, [(step.sql, step.parameters) for step in steps])


def _text(name: str) -> LiteralString:
    text = resources.files("rekindle.sample").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    # Text of this package: as trustworthy as a literal.
    return cast("LiteralString", text)
