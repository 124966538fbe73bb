"""The random sample of changes: repeatable, valid Python, and tried against the nearest tests."""

import random

from mutants.sample import ROOMS, SOURCE, changes, compiles, nearest


def test_changes_are_found_in_every_package_and_each_changes_its_line() -> None:
    found = changes()
    assert {one.path.relative_to(SOURCE).parts[0] for one in found} == set(ROOMS)
    for one in random.Random(1).sample(found, 50):
        assert one.text() != one.path.read_text(encoding="utf-8")


def test_a_seed_draws_the_same_changes_again() -> None:
    assert [random.Random(7).sample(changes(), 20) for _ in range(2)] == [random.Random(7).sample(changes(), 20)] * 2


def test_a_change_that_python_cannot_parse_is_not_drawn_and_sql_is_left_to_the_server() -> None:
    found = changes()
    assert all(compiles(one) for one in found if one.path.suffix == ".sql")
    assert not all(compiles(one) for one in found if one.path.suffix == ".py")


def test_a_statement_is_tried_against_the_tests_of_the_ledger() -> None:
    record = next(one for one in changes() if one.path.name == "record.sql")
    assert "tests/database/test_ledger_record.py" in nearest(record)
