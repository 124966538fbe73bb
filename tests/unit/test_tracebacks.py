"""What --debug shows: the place of the fault, and nothing from a row."""

import psycopg
import pytest

from rekindle.cli.tracebacks import traceback_text
from rekindle.errors import DatabaseError


def _fail() -> None:
    try:
        raise psycopg.errors.UniqueViolation("Key (token)=(c4n4ry) already exists")
    except psycopg.Error as error:
        raise DatabaseError("the database refused a statement") from error


def test_each_fault_of_the_chain_is_shown_with_its_code_and_without_text_of_other_libraries() -> None:
    with pytest.raises(DatabaseError) as caught:
        _fail()
    text = traceback_text(caught.value)
    assert "c4n4ry" not in text.replace('raise psycopg.errors.UniqueViolation("Key (token)=(c4n4ry)', "")
    assert text.count("Traceback (most recent call last):") == 2
    assert "psycopg.errors.UniqueViolation (SQLSTATE 23505)\n\nThis led to:\n" in text
    assert (
        text.rpartition("\n\n")[2]
        .splitlines()[-1]
        .startswith("rekindle.errors.database.DatabaseError: RK200: the database refused a statement. ")
    )
    assert text.count("in _fail") == 2


def test_an_error_that_was_left_out_because_of_its_text_is_shown_by_its_kind() -> None:
    secret = "c4n4ry"

    def fail() -> None:
        try:
            raise ValueError(secret)
        except ValueError:
            raise DatabaseError from None

    with pytest.raises(DatabaseError) as caught:
        fail()
    text = traceback_text(caught.value)
    assert "builtins.ValueError\n" in text
    assert secret not in text


def test_the_faults_of_a_group_are_shown_one_by_one() -> None:
    secret = "c4n4ry"
    with pytest.raises(ExceptionGroup) as caught:
        raise ExceptionGroup("two", [KeyError(secret), DatabaseError("ours")])
    text = traceback_text(caught.value)
    assert "builtins.KeyError\n" in text
    assert "RK200: ours." in text
    assert "c4n4ry" not in text
