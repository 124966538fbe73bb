"""The tables of the tests' teams, and the views over them: one text for all."""

from pathlib import Path

_TABLES = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")
_ACTIVITY = "activity_date timestamptz"

DAYS = """
alter table team.person add joined_at timestamptz, add birthday date;
create or replace view rekindle_source.recipient as
  select user_id, organisation_id, chapter_id, timezone, locale, active, first_name, joined_at, birthday
  from team.person;
"""
"""The day on which each person joined, and was born, for the kinds that need one."""


def tables(*, activity_type: str = "timestamptz") -> str:
    """The statements of tables.sql, for a database with the ledger's tables and none of a team.

    activity_type: of the column activity_date, as a team may have it.
    """
    assert _TABLES.count(_ACTIVITY) == 1
    return _TABLES.replace(_ACTIVITY, f"activity_date {activity_type}")
