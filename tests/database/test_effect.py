"""What `rekindle effect` reads of the trials: every number, by arm, and for a limited reader."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import pytest

from conftest import one_server
from rekindle.effect.assignment import held_out, text_of
from rekindle.ports import ChapterSettled, Opens, TextsFound, TrialDay, TrialFound
from rekindle.postgres.effect import trials_found
from team.programme import SHOW_OPENED, SHOW_OPENED_BY_PERSON, Programme, open_programme

server = one_server

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 2, 10, tzinfo=UTC)
OURS, THEIRS = UUID(int=1), UUID(int=2)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def begin(programme: Programme, scope: str = "nudge", **more: Any) -> UUID:
    """A trial of 14 days that holds a half out."""
    values: dict[str, Any] = {
        "trial_id": uuid4(), "scope": scope, "unit": "person", "held": 5_000, "horizon_seconds": 14 * 86_400,
        "outcome_sha256": "0" * 64, "worth": 0.05, "started_at": FIRST - DAY, "until_on": date(2026, 6, 1),
        "agreed_at": datetime(2026, 6, 16, tzinfo=UTC),
    }  # fmt: skip
    values |= more
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    await programme.sql.execute(f"insert into rekindle.trial ({names}) values ({marks})".encode(), [*values.values()])
    return values["trial_id"]


def people(trial: UUID, arm: str, number: int, scope: str = "nudge") -> list[UUID]:
    """People of this arm by the assignment."""
    found: list[UUID] = []
    while len(found) < number:
        one = uuid4()
        if held_out(str(trial), scope, str(one), 5_000) == (arm == "held_out"):
            found.append(one)
    return found


async def enrol(programme: Programme, trial: UUID, arm: str, some: Sequence[UUID], **known: Any) -> None:
    for one in some:
        values: dict[str, Any] = {
            "trial_id": trial, "user_id": one, "arm": arm, "bucket": 0, "claim_id": uuid4(), "claimed_at": FIRST,
            "scenario_type": "nudge", "scenario_version": 1,
        }  # fmt: skip
        values |= known
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        await programme.sql.execute(
            f"insert into rekindle.enrolment ({names}) values ({marks})".encode(), [*values.values()]
        )


async def sent(programme: Programme, user_id: UUID, claim_id: UUID, at: datetime, scenario: str = "nudge") -> None:
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, scenario_version, occurrence, "
        "dispatched_at, idempotency_key, run_id, cooldown_window_start) values (%s, %s, %s, 1, 'x', %s, %s, %s, %s)",
        [claim_id, user_id, scenario, at, claim_id.hex * 2, uuid4(), at],
    )


async def found(programme: Programme, **asked: Any) -> Sequence[TrialFound]:
    return (await trials_found(programme.database, **{"scope": None, "sees": None, "timezone": None} | asked)).trials


async def test_every_number_is_counted_by_arm(programme: Programme) -> None:
    trial = await begin(programme)
    back, away, new = people(trial, "nudged", 3)
    held_back, held_away = people(trial, "held_out", 2)
    settled = {"settled_at": FIRST + 15 * DAY}
    await enrol(programme, trial, "nudged", [back], came_back_at=FIRST + timedelta(hours=25), **settled)
    await enrol(
        programme, trial, "nudged", [away], opted_out_at=FIRST + 15 * DAY, claimed_at=FIRST - 2 * DAY, **settled
    )
    await enrol(programme, trial, "nudged", [new], claimed_at=NOW)
    await enrol(programme, trial, "held_out", [held_back], came_back_at=FIRST + 14 * DAY, **settled)
    await enrol(programme, trial, "held_out", [held_away], settled_at=FIRST + 16 * DAY)
    [one] = await found(programme)
    assert (one.trial_id, one.scope, one.held, one.horizon_days, one.ended_at) == (trial, "nudge", 5_000, 14, None)
    assert one.days == [
        TrialDay(date(2026, 2, 28), (1, 0), (0, 0, 0, 0)),
        TrialDay(date(2026, 3, 2), (1, 2), (0, 0, 0, 0)),
        TrialDay(date(2026, 3, 17), (0, 0), (1, 1, 1, 0)),
        TrialDay(date(2026, 3, 18), (0, 0), (0, 0, 0, 1)),
        TrialDay(date(2026, 3, 30), (1, 0), (0, 0, 0, 0)),
    ]
    assert one.months == [(date(2026, 2, 1), (0, 1, 0, 0)), (date(2026, 3, 1), (1, 0, 1, 1))]
    assert one.back == [(2, (1, 0)), (14, (0, 1))]
    assert one.opted_out == (1, 0)
    assert (one.misplaced, one.delivered, one.accepted, one.reached_otherwise, one.chapters) == (0, 0, 0, 0, [])


async def test_what_would_break_or_dilute_a_trial_is_counted(programme: Programme) -> None:
    trial = await begin(programme)
    nudged, other = people(trial, "nudged", 2)
    delivered, otherwise, late = people(trial, "held_out", 3)
    claims = {one: uuid4() for one in (nudged, delivered)}
    for one, claim_id in claims.items():
        await enrol(programme, trial, "nudged" if one == nudged else "held_out", [one], claim_id=claim_id)
        await sent(programme, one, claim_id, FIRST + timedelta(minutes=1))
    await enrol(programme, trial, "held_out", [otherwise, late])
    await enrol(programme, trial, "held_out", [other])
    await sent(programme, otherwise, uuid4(), FIRST + 14 * DAY, "another")
    await sent(programme, late, uuid4(), FIRST + 14 * DAY + timedelta(seconds=1), "another")
    await sent(programme, other, uuid4(), FIRST, "another")
    [one] = await found(programme)
    assert (one.misplaced, one.delivered, one.accepted, one.reached_otherwise) == (1, 1, 1, 1)


async def test_of_a_trial_that_was_ended_only_those_count_who_were_through_by_then(programme: Programme) -> None:
    trial = await begin(programme, ended_at=FIRST + 14 * DAY)
    through, not_through = people(trial, "nudged", 2)
    settled = {"settled_at": FIRST + 20 * DAY, "came_back_at": FIRST + DAY, "opted_out_at": FIRST + 20 * DAY}
    await enrol(programme, trial, "nudged", [through], **settled)
    await enrol(programme, trial, "nudged", [not_through], claimed_at=FIRST + timedelta(seconds=1), **settled)
    [one] = await found(programme)
    assert [day.settled for day in one.days] == [(0, 0, 0, 0), (1, 0, 0, 0)]
    assert one.days[0].enrolled == (2, 0)
    assert (one.back, one.months, one.opted_out) == ([(1, (1, 0))], [(date(2026, 3, 1), (1, 0, 0, 0))], (1, 0))


async def test_a_trial_that_assigns_chapters_has_its_people_by_chapter(programme: Programme) -> None:
    trial = await begin(programme, unit="chapter")
    [chapter] = people(trial, "nudged", 1)
    [alone] = people(trial, "held_out", 1)
    settled = {"settled_at": FIRST + 15 * DAY}
    await enrol(programme, trial, "nudged", [uuid4(), uuid4()], chapter_id=chapter, **settled)
    await enrol(programme, trial, "held_out", [alone], came_back_at=FIRST, **settled)
    [one] = await found(programme)
    assert one.misplaced == 0
    on = date(2026, 3, 17)
    assert sorted(one.chapters, key=lambda each: each.settled) == [
        ChapterSettled(on, str(alone), (0, 0, 1, 0)),
        ChapterSettled(on, str(chapter), (0, 2, 0, 0)),
    ]
    assert one.days[1] == TrialDay(on, (0, 0), (0, 2, 1, 0))


async def test_a_limited_reader_gets_the_people_of_its_organisations(programme: Programme) -> None:
    trial, programme_trial = await begin(programme), await begin(programme, "*", started_at=FIRST)
    for organisation_id, number in ((OURS, 2), (THEIRS, 3), (None, 1)):
        some = people(trial, "nudged", number)
        await enrol(programme, trial, "nudged", some, organisation_id=organisation_id, settled_at=FIRST + 15 * DAY)
        await sent(programme, some[0], uuid4(), FIRST + DAY)
    assert [one.trial_id for one in await found(programme)] == [programme_trial, trial]
    [everything] = await found(programme, scope="nudge")
    assert everything.days[0].enrolled == (6, 0)
    [ours] = await found(programme, scope="nudge", sees=[OURS])
    assert [day.enrolled for day in ours.days] == [(2, 0), (0, 0)]
    assert ours.months == [(date(2026, 3, 1), (0, 2, 0, 0))]
    [nobody] = await found(programme, scope="nudge", sees=[UUID(int=3)])
    assert (nobody.days, nobody.accepted) == ([], 0)


async def test_people_who_would_be_judged_differently_now_are_counted_and_nothing_changes(programme: Programme) -> None:
    trial, other = await begin(programme), await begin(programme, "other")
    back, gone, late, same, open_ = people(trial, "nudged", 5)
    await enrol(programme, other, "nudged", people(other, "nudged", 1, "other"))
    assert [one.changed for one in await found(programme)] == [0, 0], "nobody has settled"
    settled = {"settled_at": FIRST + 15 * DAY}
    await enrol(programme, trial, "nudged", [back, gone], came_back_at=FIRST + DAY, **settled)
    await enrol(programme, trial, "nudged", [late, same], **settled)
    await enrol(programme, trial, "nudged", [open_])
    await enrol(programme, other, "nudged", people(other, "nudged", 1, "other"), **settled)
    for one, at in ((back, 1), (late, 14), (same, 15), (open_, 1)):
        await programme.activity(one, FIRST + at * DAY)
    first, second = sorted(await found(programme), key=lambda one: one.scope)
    assert (first.changed, second.changed) == (2, 0)
    assert [day.settled for day in first.days] == [(0, 0, 0, 0), (2, 2, 0, 0)]


async def test_a_view_that_cannot_be_read_is_said_and_the_settled_numbers_stay(programme: Programme) -> None:
    trial = await begin(programme)
    await enrol(programme, trial, "nudged", people(trial, "nudged", 1), settled_at=FIRST + 15 * DAY)
    view = "create or replace view rekindle_source.activity as select user_id, "
    await programme.sql.execute("drop view rekindle_source.activity")
    [missing] = await found(programme)
    assert missing.failure == "the view rekindle_source.activity is missing"
    await programme.sql.execute(f"{view} (1 / 0)::text::timestamptz as activity_date from team.activity".encode())
    await programme.activity((await programme.person()), NOW)
    [fails] = await found(programme)
    assert fails.failure is not None
    assert (fails.changed, [day.settled for day in fails.days]) == (None, [(0, 0, 0, 0), (0, 1, 0, 0)])


async def test_each_text_is_counted_with_the_first_one_and_nobody_else(programme: Programme) -> None:
    texts = {"held": None, "texts": ["A", "B", "C"], "text_ends": [5_000, 8_000, 10_000], "texts_sha256": "0" * 64}
    trial = await begin(programme, "text:nudge", **texts)
    await begin(programme, "text:other", **texts)
    await begin(programme)
    of: dict[str, list[UUID]] = {"A": [], "B": [], "C": []}
    while min(map(len, of.values())) < 2:
        one = uuid4()
        of["ABC"[text_of(str(trial), "nudge", str(one), [5_000, 3_000, 2_000])]].append(one)
    settled = {"settled_at": FIRST + 15 * DAY}
    for name, numbers in (("A", 2), ("B", 1), ("C", 2)):
        await enrol(programme, trial, name, of[name][:numbers], **settled)
    claim_id = await programme.value("select claim_id from rekindle.enrolment where arm = 'A' limit 1")
    await sent(programme, of["A"][0], claim_id, FIRST)
    other, first = [each for each in await found(programme, scope="nudge") if each.trial_id == trial]
    assert [each.texts for each in (other, first)] == [
        TextsFound("A", "B", 5_000, 3_000, 2, 1), TextsFound("A", "C", 5_000, 2_000, 2, 1),
    ]  # fmt: skip
    assert (other.held, other.identity, other.share, first.share) == (None, "text:nudge", 3 / 8, 2 / 7)
    assert [day.settled for day in other.days if any(day.settled)] == [(0, 1, 0, 2)]
    assert [day.settled for day in first.days if any(day.settled)] == [(0, 2, 0, 2)]
    assert (other.delivered, other.reached_otherwise, other.misplaced, first.misplaced) == (0, 0, 0, 0)
    await enrol(programme, trial, "C", of["B"][1:2], **settled)
    assert [each.misplaced for each in await found(programme, scope="text:nudge")] == [0, 1]
    await programme.sql.execute(SHOW_OPENED)
    await programme.rows("insert into team.opened values (%s, null, null, %s)", claim_id, FIRST)
    assert [each.opens for each in await found(programme, scope="text:nudge")] == [Opens((0, 1), (0, 1))] * 2
    assert {each.scope for each in await found(programme, scope="nudge")} == {"nudge", "text:nudge"}
    assert {each.scope for each in await found(programme)} == {"nudge", "text:nudge", "text:other"}


@pytest.mark.parametrize("show", [SHOW_OPENED, SHOW_OPENED_BY_PERSON], ids=["by claim", "by person"])
async def test_first_pushes_that_were_opened_are_counted_by_arm(programme: Programme, show: LiteralString) -> None:
    trial = await begin(programme)
    opened, twice, closed, waiting = people(trial, "nudged", 4)
    [held] = people(trial, "held_out", 1)
    claims = {one: uuid4() for one in (opened, twice, closed, waiting)}
    for one, claim_id in claims.items():
        settled = {} if one == waiting else {"settled_at": FIRST + 15 * DAY}
        place = {"organisation_id": OURS if one == opened else THEIRS}
        await enrol(programme, trial, "nudged", [one], claim_id=claim_id, **settled, **place)
        await sent(programme, one, claim_id, FIRST + timedelta(minutes=1))
    await enrol(programme, trial, "held_out", [held], settled_at=FIRST + 15 * DAY)
    later = uuid4()  # not their first push
    await sent(programme, closed, later, FIRST + 8 * DAY)
    [one] = await found(programme)
    assert (one.opens, one.opens_failure) == (None, None)
    await programme.sql.execute(show)
    [one] = await found(programme)
    assert one.opens == Opens((0, 0), (0, 0))
    times = [(opened, 1), (twice, 1), (twice, 2), (waiting, 3), (held, 4)]
    rows = [(claims.get(user), user, FIRST + timedelta(hours=hours)) for user, hours in times]
    for claim_id, user, at in [*rows, (later, closed, FIRST + 9 * DAY)]:
        await programme.rows("insert into team.opened values (%s, %s, 'nudge', %s)", claim_id, user, at)
    [one] = await found(programme)
    assert (one.accepted, one.opens) == (4, Opens((3, 0), (2, 0)))
    [one] = await found(programme, sees=[OURS])
    assert one.opens == Opens((1, 0), (1, 0))


async def test_a_view_of_opens_that_cannot_be_read_changes_nothing_else(programme: Programme) -> None:
    trial = await begin(programme)
    await enrol(programme, trial, "nudged", people(trial, "nudged", 2), settled_at=FIRST + 15 * DAY)
    await programme.sql.execute(
        "create view rekindle_source.opened as select 1 / 0 as claim_id, now() as opened_at from team.person"
    )
    [one] = await found(programme)
    assert one.opens is None
    assert one.opens_failure
    assert sum(day.settled[1] for day in one.days) == 2
