"""What is shown of the trials: as lines, as a document for programs, and as a page."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree

from rekindle.documents import plain
from rekindle.effect.answers import Answer, Effect, effect
from rekindle.effect.document import effect_document
from rekindle.effect.lines import headline, notes, people_needed, terms, title
from rekindle.errors import EffectMissing
from rekindle.pictures.effect import page
from rekindle.ports import TrialDay, TrialFound, TrialsFound

FIRST = date(2026, 3, 1)
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def trial(scope: str = "<b>&", number: int = 1, *, settled: tuple[int, int, int, int] = (6, 4, 2, 8)) -> TrialFound:
    """Ten people of each arm enrolled per day, and as many settled after 15 days."""
    days = [TrialDay(FIRST + timedelta(n), (10, 10), settled if n >= 15 else (0, 0, 0, 0)) for n in range(30)]
    return TrialFound(
        UUID(int=number), scope, "person", 5_000, 14, 0.05, datetime(2026, 3, 1, tzinfo=UTC), date(2026, 6, 1), None,
        days=days, back=[(1, (60, 20)), (7, (30, 10))], months=[(FIRST, (90, 60, 30, 120))], opted_out=(4, 1),
        accepted=270, reached_otherwise=30,
    )  # fmt: skip


def shown(*trials: TrialFound) -> Effect:
    return effect(TrialsFound(AT, trials))


def one(found: TrialFound) -> Answer:
    [answer] = shown(found).answers
    return answer


def test_the_lines_of_a_trial() -> None:
    ended = replace(
        trial(number=2, settled=(0, 10, 0, 10)),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        ended_at=datetime(2026, 2, 1, tzinfo=UTC),
        days=[],
    )
    found = shown(trial("nudge"), replace(ended, scope="nudge"))
    [answer] = found.answers
    assert title(answer) == "nudge"
    assert headline(answer).startswith("helps: between ")
    assert terms(answer) == (
        "trial from 2026-03-01 until 2026-06-01; 50 % of the people held out; the agreed day is 2026-06-16"
    )
    lines = notes(answer)
    assert lines[0] == "enrolled: 300 nudged, 300 held out"
    assert "held out: 30 of 150 came back, 20.0 %" in lines
    assert "zero was first outside the interval on 2026-03-20" in lines
    of_both = "opted out within the same days: 4 of 150 nudged, 2.7 %; 1 of 150 held out, 0.7 %"
    assert any(line.startswith(f"{of_both}; the difference is from ") for line in lines)
    # By chapter people are not independent, and of few the difference says nothing.
    by_chapter = replace(trial("nudge"), unit="chapter")
    assert of_both in notes(one(by_chapter))
    few = replace(trial(settled=(1, 0, 1, 0)), opted_out=(1, 2))
    assert "opted out within the same days: 1 of 15 nudged, 6.7 %; 2 of 15 held out, 13.3 %" in notes(one(few))
    broken = notes(one(replace(trial("nudge"), misplaced=1)))
    assert not any("opted out" in line for line in broken)
    assert not any(line.startswith("the control group costs") for line in lines), "nobody in the last four weeks"
    assert lines[-1] == (
        "earlier trial from 2026-01-01 until 2026-06-01, ended on 2026-02-01; 50 % of the people held out; the agreed "
        "day is 2026-06-16: not known: the trial was over on 2026-02-01; nobody took part, or they are no longer kept"
    )
    changed = replace(trial("nudge"), changed=3)
    assert notes(one(changed))[-1] == (
        "the view of activities says something else now about 3 people who settled; the result stays"
    )
    running = replace(trial("*"), started_at=AT - timedelta(70), days=[TrialDay(AT.date(), (9, 1), (0, 0, 0, 0))])
    assert notes(one(running))[-1] == "the control group costs: about 1 person a month is not nudged"
    assert title(one(running)) == "the whole programme"
    assert people_needed(one(running)) == "It is not known yet how many people are needed."


def test_a_page_has_every_picture_with_its_numbers_and_no_text_of_it_is_markup() -> None:
    text = page(shown(trial(), trial("*", 2)))
    for heading in (
        "Side by side", "&lt;b&gt;&amp;: people", ": the difference over time", ": back by day",
        ": people until the agreed day", ": by month of the first claim",
    ):  # fmt: skip
        assert f"{heading}</h2>" in text
    assert "<b>" not in text
    assert "http" not in text, "it needs nothing else"
    charts = re.findall(r'<div class="plot.*?</div>|<dl.*?</dl>', text)
    assert len(charts) == 1 + 2 * 4
    for chart in charts:
        ElementTree.fromstring(chart)
        assert "style=" not in chart, "the policy of the console forbids it"
    assert text.count("<summary>Numbers</summary>") == 1 + 2 * 3
    assert "nan" not in text


def test_a_trial_that_may_not_be_read_has_no_picture_of_a_difference() -> None:
    text = page(shown(replace(trial(), misplaced=1)))
    assert "the assignment looks broken: do not read on" in text
    assert "over time" not in text
    assert "not known: nobody is held out." in page(shown())


def test_the_document_has_plain_names_and_values() -> None:
    document = json.loads(json.dumps(effect_document(shown(trial("nudge"))), default=plain))
    [found] = document["trials"]
    assert (document["hint"], found["scope"], found["by"], found["held_out"]) == (None, "nudge", "person", 0.5)
    assert found["word"] == "helps"
    assert found["nudged"] == {"enrolled": 300, "settled": 150, "came_back": 90, "opted_out": 4}
    assert found["control"] == {"enrolled": 300, "settled": 150, "came_back": 30, "opted_out": 1}
    assert found["days"][-1]["interval"] == found["interval"]
    assert found["months"][0]["counts"] == {
        "nudged_back": 90, "nudged_away": 60, "control_back": 30, "control_away": 120,
    }  # fmt: skip
    assert found["back"]["control"][0]["day"] == 1


def test_without_the_extra_the_counts_and_the_hint_are_shown() -> None:
    answer = replace(one(trial("nudge")), read=None)
    bare = Effect(AT, [answer], EffectMissing("Intervals need a package that is not installed: numpy"))
    assert headline(answer) == "nudged: 90 of 150 came back; held out: 30 of 150 came back"
    assert notes(answer) == ["enrolled: 300 nudged, 300 held out"]
    document = effect_document(bare)
    assert "rekindle-push[effect]" in document["hint"]
    assert document["trials"][0].keys() == effect_document(shown(trial()))["trials"][0].keys()
    assert document["trials"][0]["word"] is None
    assert "RK760" in page(bare)
