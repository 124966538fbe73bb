"""Cursors: what a list gave is taken, and nothing else."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.access import Actor
from rekindle.api import asked
from rekindle.api.asked import Turns, seen
from rekindle.api.pages import Cursors
from rekindle.errors import CursorInvalid, NotFound, TooManyPlans
from rekindle.ports import Filter

RUNS = Cursors("runs", (datetime, UUID))
WORDS = Cursors("words", (int, str))
AT, ID = datetime(2026, 11, 26, 9, 7, 3, 123456, tzinfo=UTC), UUID(int=7)


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_brings_back_the_key_that_it_was_made_of(at: datetime, id_: UUID) -> None:
    cursor = RUNS.write((at, id_))
    assert RUNS.read(cursor) == (at, id_)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_number_and_a_word_are_parts_of_a_key() -> None:
    assert WORDS.read(WORDS.write((-3, "naïve"))) == (-3, "naïve")
    assert WORDS.read(None) is None


WRONG: dict[str, str] = {
    "empty": "",
    "no base64": "!!!",
    "spaces in it": " " + RUNS.write((AT, ID)),
    "padded": RUNS.write((AT, ID)) + "=====",
    "not ASCII": "é",
    "a surrogate": "\ud800",
    "not JSON": base64.urlsafe_b64encode(b"{").decode(),
    "not a list": encoded({"of": "runs"}),
    "a number": encoded(7),
    "nothing": encoded(None),
    "an empty list": encoded([]),
    "deep": encoded(json.loads("[" * 300 + "]" * 300)),
    "very deep": base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    "of another list": encoded(["people", AT.isoformat(), str(ID)]),
    "too short": encoded(["runs", AT.isoformat()]),
    "too long": encoded(["runs", AT.isoformat(), str(ID), 1]),
    "without a zone": encoded(["runs", "2026-11-26T09:07:03", str(ID)]),
    "no instant": encoded(["runs", "yesterday", str(ID)]),
    "a number for an instant": encoded(["runs", 1, str(ID)]),
    "an id in braces": encoded(["runs", AT.isoformat(), f"{{{ID}}}"]),
    "an id as a number": encoded(["runs", AT.isoformat(), 7]),
    "no id": encoded(["runs", AT.isoformat(), None]),
    "a null character": encoded(["runs", AT.isoformat(), "\0"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(CursorInvalid):
        RUNS.read(WRONG[name])


@pytest.mark.parametrize("part", [True, 1.5, 2**63, -(2**63), "1", None])
def test_a_number_of_a_key_fits_into_a_bigint(part: Any) -> None:
    with pytest.raises(CursorInvalid):
        WORDS.read(encoded(["words", part, "a"]))


@pytest.mark.parametrize("part", ["\n", "\0", "\ud800", "\u202e", 7, None])
def test_a_word_of_a_key_is_printable(part: Any) -> None:
    with pytest.raises(CursorInvalid):
        WORDS.read(encoded(["words", 1, part]))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        RUNS.read(text)


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-5)))
    assert RUNS.read(RUNS.write((there, ID))) == (AT, ID)


def test_a_row_more_than_the_limit_is_left_for_the_next_page() -> None:
    rows = [(1, "a"), (2, "b"), (3, "c")]
    page, following = WORDS.page(rows, 2, tuple)
    assert (list(page), WORDS.read(following)) == ([(1, "a"), (2, "b")], (2, "b"))
    assert WORDS.page(rows[:2], 2, tuple) == (rows[:2], None)
    assert WORDS.page([], 2, tuple) == ([], None)


def test_an_organisation_that_an_actor_does_not_see_is_not_found_whether_it_exists_or_not() -> None:
    limited, everybody = Actor("key", "granvik", "read", frozenset({ID})), Actor("key", "ci", "read")
    assert seen(limited, ID) == Filter(sees={ID}, organisation_id=ID)
    assert seen(limited, None) == Filter(sees={ID})
    assert seen(everybody, UUID(int=8)) == Filter(organisation_id=UUID(int=8))
    with pytest.raises(NotFound):
        seen(limited, UUID(int=8))


async def test_one_request_evaluates_at_a_time_and_the_next_one_waits_or_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Turns()
    async with turns.turn():
        waiting = asyncio.create_task(_takes(turns))
        await asyncio.sleep(0)
        assert not waiting.done()
        monkeypatch.setattr(asked, "TURN_SECONDS", 0.01)
        with pytest.raises(TooManyPlans):
            await _takes(turns)
    await waiting
    with pytest.raises(ZeroDivisionError):
        async with turns.turn():
            raise ZeroDivisionError
    await _takes(turns)


async def _takes(turns: Turns) -> None:
    async with turns.turn():
        pass
