"""The sample programme as SQL statements: the database itself generates organisations, mentors
and their activities."""

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
    """One step in creating the programme.

    If `parameters` is None, `sql` is a script of several statements without placeholders. Otherwise
    it is one statement with placeholders such as %(seed)s.
    """

    name: str
    sql: LiteralString
    parameters: Mapping[str, Any] | None


def statements(recipients: int = 500, seed: int = 1, *, at: datetime | None = None) -> list[Statement]:
    """The statements that create the sample programme and the views over it, in order.

    The same recipients, seed and `at` give the same rows on every machine. Run all statements on
    one connection, and in one transaction if all or nothing must be created. If a schema
    `programme` or a view of rekindle_source already exists, the database raises an error
    (duplicate_schema, duplicate_table); nothing is replaced. The role that runs the statements owns
    schema `programme`; rekindle_worker may only read the views.

    Args:
        recipients: how many mentors, 1 to 1,000,000.
        seed: the seed of all random draws, 0 to 2^63 - 1.
        at: the time, with a time zone, that all dates are relative to; None for the database's
            `now()`.

    Raises:
        BadArgument: a number is out of range, or `at` has no time zone.
    """
    if not 1 <= recipients <= MAX_RECIPIENTS:
        raise BadArgument(f"{recipients} is not a valid number of mentors", hint="Give 1 to 1,000,000.")
    if not 0 <= seed <= _MAX_SEED:
        raise BadArgument(f"{seed} is not a valid seed", hint="Give a whole number from 0 to 2^63 - 1.")
    if at is not None and at.tzinfo is None:
        raise BadArgument("the time of the sample programme has no time zone")
    given = {"recipients": recipients, "seed": seed, "at": at}
    return [
        Statement("schema", _text("schema"), None),
        Statement("draws", _text("draws"), None),
        *(Statement(table, _text(table), given) for table in _TABLES),
        Statement("keys", _text("keys"), None),
        Statement("views", _text("views"), None),
    ]


async def make_programme(url: str, recipients: int = 500, seed: int = 1) -> None:
    """Migrate the database at `url` and create the sample programme, completely or not at all.

    Raises:
        BadArgument: a number is out of range.
        DatabaseError: a sample programme already exists, or the login may not create one.
    """
    steps = statements(recipients, seed)
    await migrate(url)
    await execute_all(url, [(step.sql, step.parameters) for step in steps])


def _text(name: str) -> LiteralString:
    text = resources.files("rekindle.sample").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    # The text is from this package, so it is as safe as a literal.
    return cast("LiteralString", text)
