"""The tables of the tests' teams, and the views over them: one text for all."""

from pathlib import Path

_TABLES = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")
_ACTIVITY = "activity_date timestamptz"


def tables(*, activity_type: str = "timestamptz") -> str:
    """The statements of tables.sql, for a database with the ledger's tables and none of a team.

    activity_type: of the column activity_date, as a team may have it.
    """
    assert _TABLES.count(_ACTIVITY) == 1
    return _TABLES.replace(_ACTIVITY, f"activity_date {activity_type}")
