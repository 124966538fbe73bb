"""The page on privacy lists every table and every column of the ledger, and what it says of people
is what an erasure does."""

import re

import psycopg

from docs.documents import read, rows, sections
from rekindle.postgres.people import TABLES

KEPT = list(rows(sections(read("docs/explanation/privacy.md"))["What is kept"]))
_NAMES = re.compile(r"`(\w+)`")


def test_every_column_of_the_ledger_is_in_one_row_of_the_page(database_url: str) -> None:
    """A new column gets a row that says whether it holds a person, why, and for how long."""
    with psycopg.connect(database_url) as connection:
        there = connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'rekindle' "
            "and table_name in (select table_name from information_schema.tables where table_type = 'BASE TABLE')"
        ).fetchall()
    said = [(table.strip("`"), column) for table, columns, *_ in KEPT for column in _NAMES.findall(columns)]
    assert sorted(said) == sorted(there)


def test_the_tables_that_hold_recipients_are_those_that_are_erased() -> None:
    assert {table.strip("`") for table, _, about, *_ in KEPT if about.startswith("yes")} == set(TABLES)


def test_every_row_says_why_and_for_how_long() -> None:
    assert [one for one in KEPT if len(one) != 5 or not all(one)] == []
