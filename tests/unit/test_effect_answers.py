"""What `rekindle effect` calculates from the numbers of the ledger."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from rekindle.effect.answers import ALPHA, Answer, Effect, Read, effect
from rekindle.effect.document import effect_document
from rekindle.effect.intervals import anytime, needed, one_look
from rekindle.effect.lines import notes, people_needed, shared, terms, title
from rekindle.effect.past import MOST_STEPS, Said
from rekindle.effect.trial import Word
from rekindle.pictures.effect import page
from rekindle.ports import ChapterSettled, FourCounts, Opens, TextsFound, TrialDay, TrialFound, TrialsFound

FIRST = date(2026, 3, 1)
START = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = date(2026, 5, 30)
AGREED = date(2026, 6, 14)


def trial(days: Sequence[TrialDay], **known: object) -> TrialFound:
    """A trial of half the people over 90 days, with 14 days to come back."""
    values: dict[str, object] = {
        "trial_id": UUID(int=1), "scope": "inactivity", "unit": "person", "held": 5_000, "horizon_days": 14,
        "worth": 0.05, "started_at": START, "until_on": UNTIL, "ended_at": None, "days": days,
    }  # fmt: skip
    return TrialFound(**(values | known))  # type: ignore[arg-type]


def daily(*settled: FourCounts, enrolled: tuple[int, int] | None = None) -> list[TrialDay]:
    """A day each, from the fifteenth of March on, whose people were enrolled on it."""
    return [
        TrialDay(FIRST + timedelta(14 + n), enrolled or (sum(each[:2]), sum(each[2:])), each)
        for n, each in enumerate(settled)
    ]


def answers(*trials: TrialFound, on: date = date(2026, 4, 1)) -> Sequence[Answer]:
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    return effect(TrialsFound(at, trials)).answers


def read(found: TrialFound, on: date = date(2026, 4, 1)) -> Read:
    [answer] = answers(found, on=on)
    assert answer.read is not None
    return answer.read


def test_without_a_trial_there_is_no_answer() -> None:
    assert answers() == []


def test_scenarios_side_by_side_share_the_error_and_the_programme_has_it_alone() -> None:
    days = daily((20, 20, 10, 30))
    trials = [trial(days, scope=scope) for scope in ("b", "*", "a")]
    shown = answers(*trials)
    assert [(one.found.scope, one.alpha) for one in shown] == [("*", ALPHA), ("a", ALPHA / 2), ("b", ALPHA / 2)]
    [alone] = answers(trials[2])
    assert (alone.found.scope, alone.alpha) == ("a", ALPHA)
    assert shown[1].read is not None
    assert shown[1].read.verdict.interval == anytime((20, 20, 10, 30), 0.5, ALPHA / 4)


@pytest.mark.parametrize("unit", ["person", "chapter"])
def test_more_than_twenty_side_by_side_are_read_once_at_the_level_of_their_words(unit: str) -> None:
    chapters = [
        ChapterSettled(FIRST + timedelta(14), f"{arm}{n}", (8, 2, 0, 0) if arm else (0, 0, 2, 8))
        for n in range(40) for arm in (0, 1)
    ]  # fmt: skip
    clear, weak, none = daily((300, 100, 100, 300)), daily((60, 240, 40, 260)), daily((50, 250, 50, 250))
    trials = [trial(none, scope=f"none{n:02}") for n in range(18)]
    trials += [trial(clear, scope=f"clear{n}", unit=unit, chapters=chapters) for n in range(3)]
    trials += [trial([], scope="young"), trial(weak, scope="*")]
    shown = {one.found.scope: one for one in answers(*trials, on=AGREED)}
    level = ALPHA * 3 / 22
    assert {scope: one.alpha for scope, one in shown.items()} == dict.fromkeys(shown, level) | {"*": ALPHA}
    assert {one.read.verdict.word for scope, one in shown.items() if one.read and "clear" in scope} == {Word.HELPS}
    none00, programme = shown["none00"].read, shown["*"].read
    assert none00
    assert programme
    # After the agreed day, too, it is the reading that is right at any time, with the whole level.
    assert none00.verdict.interval == anytime((50, 250, 50, 250), 0.5, level)
    assert none00.needed == needed(0.05, 1 / 6, 0.5, level, "anytime")
    assert programme.verdict.interval == one_look((60, 240, 40, 260), ALPHA / 2)
    # Of twenty, each has its part, and two readings.
    shown = {one.found.scope: one for one in answers(*trials[2:], on=AGREED)}
    assert shown["none02"].alpha == ALPHA / 20
    assert not shown["none02"].seen.one_reading
    assert "on average at most 5 %" not in shared(list(shown.values()))


def test_of_many_the_days_until_now_have_the_word_of_the_one_reading() -> None:
    steps = daily((300, 100, 100, 300), (10, 10, 10, 10))
    found = [trial(steps, scope=f"s{n:02}") for n in range(21)]
    shown = answers(*found)
    assert "on average at most 5 %" in shared(shown)
    assert shown[0].read
    first = shown[0].read.past.steps[0]
    assert first.word is Word.HELPS
    assert first.interval == anytime((300, 100, 100, 300), 0.5, ALPHA)  # all 21 have a word


def test_each_text_is_compared_with_the_first_at_its_part_of_the_error() -> None:
    """Three texts of 50, 30 and 20 %, and the control group of the same scenario."""
    days = daily((20, 20, 10, 30))
    texts = [
        trial(
            days,
            scope="text:a",
            identity="text:a",
            trial_id=UUID(int=3),
            held=None,
            texts=TextsFound("A", name, 5_000, weight, 2, first_accepted=30),
        )
        for name, weight in (("C", 2_000), ("B", 3_000))
    ]
    shown = answers(*texts, trial(days, scope="a"))
    assert [title(one) for one in shown] == ["a", "a, text B against A", "a, text C against A"]
    assert [one.alpha for one in shown] == [ALPHA / 2, ALPHA / 4, ALPHA / 4]
    assert [one.trial.share for one in shown] == [0.5, 3 / 8, 2 / 7]
    assert [one.not_nudged_monthly > 0 for one in shown] == [True, False, False]
    [alone, _] = answers(*texts)
    assert alone.alpha == ALPHA / 2
    assert alone.read is not None
    assert alone.read.verdict.interval == anytime((20, 20, 10, 30), 3 / 8, ALPHA / 4)
    document = effect_document(Effect(START, [alone]))["trials"][0]
    assert document["held_out"] is None
    assert document["texts"] == {
        "first": "A", "other": "B", "first_weight": 0.5, "other_weight": 0.3, "first_accepted": 30,
    }  # fmt: skip
    text = "\n".join([terms(alone), *notes(alone), page(Effect(START, shown))])
    assert "text trial from 2026-03-01 until 2026-05-30; 50 % of the people get text A, 30 % text B" in text
    assert "enrolled: 40 with text B, 40 with text A" in text
    assert "with text B, back" in text
    assert "62.5 % were to be with text A; 50.0 % of those enrolled are." in text


def test_opens_describe_the_nudged_and_are_not_shown_of_a_broken_trial() -> None:
    opens = Opens((58, 0), (50, 0))
    found = trial(daily((60, 240, 40, 260)), accepted=240, opens=opens)
    [answer] = answers(found)
    line = (
        "opened: 58 of 240 nudged people whose first push was accepted, 24.2 %; nobody who is held out can open one, "
        "so this is no effect"
    )
    assert line in notes(answer)
    [without] = answers(replace(found, opens=None))
    assert without.read == answer.read
    assert notes(without) == [one for one in notes(answer) if one != line]
    [unread] = answers(replace(found, opens=None, opens_failure="the view is locked"))
    assert "opened: not known, because the view is locked" in notes(unread)
    [broken] = answers(replace(found, misplaced=1))
    assert not any(one.startswith("opened") for one in notes(broken))


def test_two_texts_are_compared_by_their_opens_too_and_an_arm_that_is_held_out_never_is() -> None:
    texts = trial(
        daily((60, 240, 40, 260)), scope="text:a", held=None, texts=TextsFound("A", "B", 5_000, 5_000, 1, 280),
        accepted=290, opens=Opens((108, 60), (105, 55)),
    )  # fmt: skip
    [answer] = answers(texts)
    assert answer.read is not None
    assert answer.read.opened is not None
    interval = anytime((105, 195, 55, 245), 0.5, ALPHA)
    assert (answer.read.opened.counts, answer.read.opened.interval) == ((105, 195, 55, 245), interval)
    assert (
        "opened: 105 of 300 with text B, 35.0 %; 55 of 300 with text A, 18.3 %; the difference is from +3.4 to +29.8 "
        "points"
    ) in notes(answer)
    document = effect_document(Effect(START, [answer]))["trials"][0]["opens"]
    assert document["nudged"] == {"accepted": 290, "opened": 108}
    assert document["control"] == {"accepted": 280, "opened": 60}
    assert document["compared"]["interval"] == {"lower": interval[0], "upper": interval[1]}
    # Too few for an interval: the counts alone.
    few = replace(texts, days=daily((3, 7, 4, 6)), opens=Opens((5, 2), (5, 2)))
    assert "opened: 5 of 10 with text B, 50.0 %; 2 of 10 with text A, 20.0 %" in notes(answers(few)[0])
    held = trial(daily((60, 240, 40, 260)), accepted=290, opens=Opens((95, 0), (90, 0)))
    document = effect_document(Effect(START, answers(held)))["trials"][0]["opens"]
    assert document == {"nudged": {"accepted": 290, "opened": 95}, "control": None, "compared": None}


def test_an_earlier_trial_of_the_scope_is_listed_and_never_added() -> None:
    before = trial(
        daily((100, 0, 0, 100)), trial_id=UUID(int=2), started_at=START - timedelta(40), ended_at=START,
        until_on=date(2026, 2, 20),
    )  # fmt: skip
    [answer] = answers(before, trial(daily((5, 5, 5, 5))))
    assert answer.seen.counts == (5, 5, 5, 5)
    assert [one.found.trial_id for one in answer.earlier] == [UUID(int=2)]


def test_an_earlier_trial_is_listed_under_the_name_that_the_scenario_had_then() -> None:
    before = trial(
        [], scope="old", identity="new", trial_id=UUID(int=2), started_at=START - timedelta(40), ended_at=START
    )
    now = trial(daily((5, 5, 5, 5)), scope="new", identity="new")
    shown = answers(before, now, trial([], scope="other", identity="other"))
    assert [(one.found.scope, len(one.earlier)) for one in shown] == [("new", 1), ("other", 0)]
    assert shown[0].alpha == ALPHA / 2, "two scenarios"
    assert "; the scenario was called old: not known" in notes(shown[0])[-1]


def test_a_trial_whose_people_are_no_longer_kept_is_not_too_early() -> None:
    """Also one that is still in the configuration, and also by chapter."""
    known = "not known: the trial was over on {}; nobody took part, or they are no longer kept"
    for unit in ("person", "chapter"):
        ended = trial([], unit=unit, ended_at=START + timedelta(10))
        assert read(ended).verdict.text == known.format("2026-03-11")
        said = read(trial([], unit=unit), on=AGREED).verdict
        assert (said.word, said.text) == (Word.NOT_KNOWN, known.format(AGREED))
        assert read(trial([], unit=unit), on=AGREED - timedelta(1)).verdict.word is Word.TOO_EARLY
    enrolled = [TrialDay(FIRST, (3, 3), (0, 0, 0, 0))]
    assert read(trial(enrolled, ended_at=START + timedelta(10))).verdict.word is Word.TOO_EARLY


def test_a_word_that_is_no_longer_true_is_shown_with_its_days() -> None:
    """Everybody nudged comes back at first, and nobody of them later."""
    good, bad = (30, 0, 0, 30), (0, 60, 60, 0)
    now = read(trial(daily(good, good, bad, bad, bad)))
    assert now.verdict.word is Word.HARMS
    assert now.past.zero_out_on == date(2026, 3, 15)
    assert now.past.no_longer == [Said(Word.HELPS, date(2026, 3, 15), date(2026, 3, 17))]
    assert [step.word for step in now.past.steps] == [
        Word.HELPS, Word.HELPS, None, Word.HARMS, Word.HARMS, Word.HARMS,
    ]  # fmt: skip


def test_the_days_say_what_was_said_on_them() -> None:
    """The words of all days at once are those of each day alone."""
    settled = [(2, 1, 1, 2)] * 80
    found = trial(daily(*settled, enrolled=(3, 3)), until_on=date(2026, 8, 1))
    steps = read(found, on=date(2026, 7, 1)).past.steps
    assert len(steps) == MOST_STEPS
    for step in steps[:-1]:
        lower, upper = anytime(step.counts, 0.5, ALPHA / 2)
        small = lower > -0.05 and upper < 0.05
        assert step.interval == (lower, upper)
        assert step.word is (Word.HELPS if lower > 0 else Word.HARMS if upper < 0 else Word.SMALL if small else None)


def test_no_day_says_anything_while_an_arm_is_too_small() -> None:
    now = read(trial(daily((19, 0, 0, 19), (10, 10, 5, 15))))
    assert [step.counts for step in now.past.steps] == [(29, 10, 5, 34), (29, 10, 5, 34)]
    assert now.past.zero_out_on == date(2026, 3, 16)


def test_the_agreed_day_is_read_once_everybody_has_settled() -> None:
    counts = (90, 210, 60, 240)
    assert one_look(counts, ALPHA / 2)[0] > 0
    everybody = trial(daily(counts))
    assert read(everybody, AGREED - timedelta(1)).verdict.word is Word.TOO_FEW_YET
    assert read(everybody, AGREED).verdict.word is Word.HELPS
    late = trial(daily(counts, enrolled=(301, 300)))
    assert read(late, AGREED).verdict.word is Word.TOO_FEW_YET


def test_a_view_that_cannot_be_read_is_the_word_while_people_wait_to_settle() -> None:
    waiting = daily((60, 240, 40, 260), enrolled=(301, 300))
    said = read(trial(waiting, failure="the view is missing")).verdict
    assert said.text == "the outcome query failed: the view is missing; the last settled numbers are of 2026-03-15"
    settled = trial(daily((60, 240, 40, 260)), failure="the view is missing")
    assert read(settled).verdict.word is Word.TOO_FEW_YET


def test_a_trial_that_was_ended_early_has_one_reading_and_needs_nobody_more() -> None:
    ended = {"ended_at": datetime(2026, 4, 1, tzinfo=UTC)}
    counts = (90, 210, 60, 240)
    for settled, word, text in (
        (counts, Word.NOT_SEEN, "no difference seen before the trial was ended on 2026-04-01: anything from "),
        ((5, 5, 5, 5), Word.TOO_FEW, "too few: 10 nudged, 10 held out; the trial was ended on 2026-04-01"),
        ((0, 0, 0, 0), Word.TOO_EARLY, "too early: the trial was ended on 2026-04-01, before anybody was through"),
    ):
        said = read(trial(daily(settled, enrolled=(300, 300)), **ended), on=date(2026, 9, 1)).verdict
        assert said.word is word
        assert said.text.startswith(text)
    [answer] = answers(trial(daily(counts), **ended))
    assert answer.not_nudged_monthly == 0


def test_the_rate_is_that_of_four_weeks_or_of_a_younger_trial() -> None:
    days = [TrialDay(FIRST + timedelta(n), (5, 5), (0, 0, 0, 0)) for n in range(60)]
    [old] = answers(trial(days), on=FIRST + timedelta(59))
    [young] = answers(trial(days[:10]), on=FIRST + timedelta(9))
    [new] = answers(trial(days[:1]), on=FIRST)
    assert [one.seen.weekly for one in (old, young, new)] == [70, 70, 10]
    assert [one.not_nudged_monthly for one in (old, young, new)] == [150, 150, 21]
    assert old.seen.first_settles_on == date(2026, 3, 16)


def test_people_and_weeks_that_are_still_needed() -> None:
    now = read(trial(daily((60, 240, 60, 240))))
    assert now.needed == 2_595
    assert now.weeks == 16
    [closed] = answers(trial(daily((60, 240, 60, 240))), on=UNTIL)
    assert closed.read
    assert (closed.read.needed, closed.read.weeks) == (2_595, None)
    assert people_needed(closed) == (
        "2,595 people are needed to see 5 points on the agreed day; 600 are enrolled, and nobody new takes part."
    )
    few = read(trial(daily((6, 4, 4, 6))))
    assert (few.needed, few.weeks, few.past.steps, few.opted_out) == (None, None, (), None)


def test_a_trial_by_chapter_is_counted_by_chapters() -> None:
    on = FIRST + timedelta(20)
    chapters = [ChapterSettled(on, str(n), (4 + n % 3, 6, 0, 0) if n % 2 else (0, 0, 1 + n % 3, 9)) for n in range(80)]
    totals = [sum(one.settled[position] for one in chapters) for position in range(4)]
    a, b, c, d = totals
    found = trial([TrialDay(on, (a + b, c + d), (a, b, c, d))], unit="chapter", chapters=chapters)
    now = read(found)
    assert now.verdict.word is Word.HELPS
    assert [step.on for step in now.past.steps] == [on, date(2026, 4, 1)]
    assert now.past.zero_out_on == on
    assert (now.needed, now.opted_out) == (None, None)
    few = read(replace(found, chapters=chapters[:40]))
    assert few.verdict.text == "too few: 20 chapters nudged, 20 held out; each arm needs 30 chapters"


def test_when_people_came_back_and_how_many_opted_out() -> None:
    found = trial(
        daily((20, 30, 10, 40)),
        back=[(1, (5, 2)), (3, (10, 0)), (14, (5, 8))],
        months=[(date(2026, 3, 1), (20, 30, 10, 40)), (date(2026, 4, 1), (1, 0, 0, 0))],
        opted_out=(3, 1),
    )
    now = read(found)
    assert [(one.day, round(one.share, 3)) for one in now.back.nudged] == [(1, 0.1), (3, 0.3), (14, 0.4)]
    assert [(one.day, round(one.share, 3)) for one in now.back.held_out] == [(1, 0.04), (14, 0.2)]
    assert all(0 <= one.lower < one.share < one.upper <= 1 for one in now.back.nudged)
    assert now.months[0].interval == anytime((20, 30, 10, 40), 0.5, ALPHA / 2)
    assert now.months[1].interval is None
    assert now.opted_out is not None
    assert now.opted_out.counts == (3, 47, 1, 49)


def test_without_the_extra_there_are_counts_and_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.split(".")[0] in ("numpy", "scipy", "statsmodels")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("numpy", "scipy", "scipy.special", "statsmodels", "statsmodels.stats.proportion"):
        monkeypatch.setitem(sys.modules, name, None)
    shown = effect(TrialsFound(START, [trial(daily((60, 240, 40, 260)))]))
    [answer] = shown.answers
    assert (answer.seen.counts, answer.read) == ((60, 240, 40, 260), None)
    assert shown.fault is not None
    assert shown.fault.code == "RK760"
