"""Every status and every reason has words on the pages of the console."""

from typing import get_args

from rekindle.console import words
from rekindle.console.words_of_people import BLOCKED, CONDITIONS
from rekindle.model import REASONS, Numbers, RunStatus


def test_every_status_has_a_tag_and_a_meaning() -> None:
    assert set(words.STATUS) == set(words.MEANS) == set(get_args(RunStatus))


def test_the_code_stays_beside_the_words_and_an_unknown_code_stands_for_itself() -> None:
    one = Numbers("nudge", refusals={"no_token": 2, "of a later release": 3})
    assert words.refusals(one) == [
        ("of a later release", "of a later release", 3),
        ("no device that a push can be sent to", "no_token", 2),
    ]


def test_endings_are_split_at_the_first_colon() -> None:
    assert words.endings(Numbers("nudge", reasons={"dead:a:b": 1})) == [("dead", "a:b", 1)]


def test_every_condition_of_a_person_has_words_for_both_answers() -> None:
    # Whether another run claims at the same moment cannot be known before.
    assert set(CONDITIONS) == set(REASONS) - {"claimed_elsewhere"}
    assert BLOCKED["cooldown"] == "The cooldown is not over"
