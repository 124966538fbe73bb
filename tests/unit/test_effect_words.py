"""The words of `rekindle effect`: which one each situation gets, and that each number is rounded
away from the claim."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.effect.amounts import outwards
from rekindle.effect.intervals import one_look
from rekindle.effect.trial import Clusters, Seen, Trial, Word, arms_of_texts
from rekindle.effect.words import beside, interval, verdict, weeks

TODAY = date(2026, 3, 2)
TRIAL = Trial(share=0.5, horizon_days=14, until=date(2026, 6, 1))
AGREED = date(2026, 6, 16)


def seen(*counts: int, on: date = TODAY, more: int = 0, weekly: float = 70, **known: object) -> Seen:
    a, b, c, d = counts
    return Seen(on, (a, b, c, d), (a + b + more, c + d + more), weekly, first_settles_on=date(2026, 2, 20), **known)  # type: ignore[arg-type]


SMALL = seen(60, 240, 40, 260)
CASES = [
    (seen(0, 0, 0, 0, more=9), Word.TOO_EARLY, "too early: the first 14 days are over on 2026-02-20"),
    (
        seen(6, 4, 3, 16, more=0, weekly=7),
        Word.TOO_FEW,
        "too few: 10 nudged, 19 held out; about 4 weeks at today's rate",
    ),
    (
        seen(6, 4, 3, 16, weekly=0),
        Word.TOO_FEW,
        "too few: 10 nudged, 19 held out; nobody was enrolled in the last four weeks",
    ),
    (
        seen(6, 4, 3, 16, weekly=1),
        Word.TOO_FEW,
        "too few: 10 nudged, 19 held out; about 13 weeks at today's rate",
    ),
    (
        seen(2, 4, 3, 6, weekly=1),
        Word.TOO_FEW,
        "too few: 6 nudged, 9 held out; about 27 weeks at today's rate, later than 2026-06-01",
    ),
    (
        seen(6, 4, 3, 16, on=TRIAL.until, weekly=7),
        Word.TOO_FEW,
        "too few: 10 nudged, 19 held out; nobody new takes part since 2026-06-01, and the agreed day is 2026-06-16",
    ),
    (
        seen(6, 4, 3, 16, on=AGREED, weekly=7),
        Word.TOO_FEW,
        "too few: 10 nudged, 19 held out; the trial was over on 2026-06-16",
    ),
    (
        seen(150, 150, 60, 240),
        Word.HELPS,
        "helps: between 15 and 44.2 points more came back within 14 days",
    ),
    (
        seen(60, 240, 150, 150),
        Word.HARMS,
        "harms: between 15 and 44.2 points fewer came back within 14 days",
    ),
    (
        seen(1020, 3980, 1000, 4000),
        Word.SMALL,
        "makes no difference that matters: less than 5 points either way",
    ),
    (
        SMALL,
        Word.TOO_FEW_YET,
        (
            "too few yet: no difference seen; anything from -5.6 to +19 points is still possible. "
            "To see 5 points: about 1,358 more people, about 22 weeks at today's rate, later than 2026-06-01"
        ),
    ),
    (
        replace(SMALL, weekly=300),
        Word.TOO_FEW_YET,
        (
            "too few yet: no difference seen; anything from -5.6 to +19 points is still possible. "
            "To see 5 points: about 1,358 more people, about 7 weeks at today's rate"
        ),
    ),
    (
        replace(SMALL, on=TRIAL.until),
        Word.TOO_FEW_YET,
        (
            "too few yet: no difference seen; anything from -5.6 to +19 points is still possible. "
            "To see 5 points: about 1,358 more people, but nobody new takes part since 2026-06-01, "
            "and the agreed day is 2026-06-16"
        ),
    ),
    (
        seen(60, 240, 40, 260, more=700),
        Word.NOT_SEEN_YET,
        "no difference seen yet: anything from -5.6 to +19 points is still possible; the agreed day is 2026-06-16",
    ),
    (
        replace(SMALL, on=AGREED),
        Word.NOT_SEEN,
        (
            "no difference seen: anything from -0.2 to +13.5 points remains possible; "
            "9.4 points would have been seen with 80 %"
        ),
    ),
    (
        replace(SMALL, misplaced=1, failure="nothing"),
        Word.BROKEN,
        (
            "the assignment looks broken: do not read on "
            "(1 person is in another arm than assigned; 300 nudged, 300 held out)"
        ),
    ),
    (
        replace(SMALL, delivered=2),
        Word.BROKEN,
        (
            "the assignment looks broken: do not read on "
            "(2 pushes were sent to people who are held out; 300 nudged, 300 held out)"
        ),
    ),
    (
        replace(SMALL, enrolled=(400, 250)),
        Word.BROKEN,
        (
            "the assignment looks broken: do not read on "
            "(the arms do not have the shares agreed on, 50 % nudged; 400 nudged, 250 held out)"
        ),
    ),
    (
        replace(SMALL, failure='column "x" does not exist', settled_on=date(2026, 3, 1)),
        Word.OUTCOME_FAILED,
        'the outcome query failed: column "x" does not exist; the last settled numbers are of 2026-03-01',
    ),
]


@pytest.mark.parametrize(("what", "word", "text"), CASES, ids=[f"{case[1]}-{n}" for n, case in enumerate(CASES)])
def test_each_situation_gets_its_word(what: Seen, word: Word, text: str) -> None:
    said = verdict(TRIAL, what)
    assert (said.word, said.text) == (word, text)
    shown = {Word.NOT_KNOWN, Word.BROKEN, Word.OUTCOME_FAILED, Word.TOO_EARLY, Word.TOO_FEW}
    assert (said.interval is None) == (word in shown)


def test_without_a_trial_nothing_is_known() -> None:
    assert verdict(None, None).text == "not known: nobody is held out"


def test_the_day_that_was_agreed_on_counts_and_no_day_before_it() -> None:
    """The same counts, the day before and from that day on."""
    some = seen(90, 210, 60, 240)
    before, after = (replace(some, on=day) for day in (AGREED - timedelta(1), AGREED))
    assert one_look(some.counts, 0.025)[0] > 0
    assert verdict(TRIAL, before).word is Word.TOO_FEW_YET
    assert verdict(TRIAL, after).text.startswith("helps: between 2 and 17.8 ")
    assert verdict(TRIAL, after, 0.05 / 20).word is Word.NOT_SEEN, "twenty trials side by side need more evidence"


def test_an_end_that_is_not_zero_is_not_shown_as_zero() -> None:
    barely = replace(seen(60, 240, 40, 260), clusters=Clusters(40, 40, (0.0004, 0.0512)))
    assert verdict(TRIAL, barely).text == "helps: between less than 0.1 and 5.2 points more came back within 14 days"
    harm = replace(barely, clusters=Clusters(40, 40, (-0.0512, -0.0004)))
    assert verdict(TRIAL, harm).text == "harms: between less than 0.1 and 5.2 points fewer came back within 14 days"
    wide = replace(barely, clusters=Clusters(40, 40, (-0.0004, 0.0712)))
    assert "anything from -0.1 to +7.2 points" in verdict(TRIAL, wide).text
    few = replace(barely, clusters=Clusters(29, 40, (0.01, 0.05)))
    assert verdict(TRIAL, few).text == "too few: 29 chapters nudged, 40 held out; each arm needs 30 chapters"


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_rounding_never_narrows_an_interval(one: float, other: float) -> None:
    lower, upper = sorted((one, other))
    low, high = outwards(lower, upper)
    assert float(low) <= 100 * lower + 1e-6
    assert float(high) >= 100 * upper - 1e-6
    assert float(high - low) <= 100 * (upper - lower) + 0.2 + 1e-6


def test_from_the_agreed_day_on_the_interval_is_what_both_readings_have_in_common() -> None:
    assert interval(TRIAL, SMALL) == pytest.approx((-0.055421, 0.189462), abs=1e-6)
    assert interval(TRIAL, replace(SMALL, on=AGREED)) == pytest.approx((-0.001763, 0.134769), abs=1e-6)


def test_what_is_shown_next_to_the_word() -> None:
    assert beside(TRIAL, SMALL, accepted=279, reached_otherwise=36) == [
        "held out: 40 of 300 came back, 13.3 %",
        "nudged: 60 of 300 came back, 20.0 %",
        "of the nudged, 93.0 % were accepted by the provider",
        "12.0 % of the held out were reached by another scenario within 14 days",
        "from +0.6 to +12.7 points: right only if this were the one look",
    ]
    assert beside(TRIAL, replace(SMALL, delivered=1), accepted=1, reached_otherwise=1) == []
    assert weeks(70, 70, 14) == 3


@pytest.mark.parametrize(
    ("known", "word", "text"),
    [
        (
            seen(150, 150, 60, 240),
            Word.HELPS,
            "B brings more back than A: between 15 and 44.2 points more came back within 14 days",
        ),
        (
            seen(60, 240, 150, 150),
            Word.HARMS,
            "B brings fewer back than A: between 15 and 44.2 points fewer came back within 14 days",
        ),
        (
            seen(1020, 3980, 1000, 4000),
            Word.SMALL,
            "B and A make no difference that matters: less than 5 points either way",
        ),
        (
            seen(6, 4, 3, 16, weekly=7),
            Word.TOO_FEW,
            "too few: 10 with text B, 19 with text A; about 4 weeks at today's rate",
        ),
        (
            seen(60, 240, 40, 260, more=700),
            Word.NOT_SEEN_YET,
            "no difference seen yet: anything from -5.6 to +19 points",
        ),
        (
            seen(60, 240, 40, 260, misplaced=1),
            Word.BROKEN,
            "(1 person is in another arm than assigned; 300 with text B, 300 with",
        ),
        (seen(600, 2400, 40, 260), Word.BROKEN, "(the arms do not have the shares agreed on, 50 % with text B; 3,000"),
    ],
)
def test_the_words_of_two_texts_say_which_one(known: Seen, word: Word, text: str) -> None:
    said = verdict(replace(TRIAL, arms=arms_of_texts("A", "B")), known)
    assert said.word is word
    assert text in said.text


def test_beside_two_texts_are_the_accepted_pushes_of_both_and_nobody_is_held_out() -> None:
    lines = beside(
        replace(TRIAL, arms=arms_of_texts("A", "B")), SMALL, accepted=270, reached_otherwise=0, first_accepted=150
    )
    assert lines == [
        "with text A: 40 of 300 came back, 13.3 %",
        "with text B: 60 of 300 came back, 20.0 %",
        "accepted by the provider: 90.0 % of those with text B, 50.0 % of those with text A",
        "from +0.6 to +12.7 points: right only if this were the one look",
    ]
