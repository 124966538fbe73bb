"""The team's own SELECT says who came back: read only, within its time, once and for all."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from database.test_control_groups import HALF, apply, people_of_arms, run
from rekindle.engine.check import check
from rekindle.errors import OutcomeQueryInvalid
from rekindle.ports import OwnOutcome
from rekindle.postgres import own_outcome
from rekindle.postgres.effect import trials_found
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import Config, definition
from team.programme import Programme, open_programme, wanted

server = one_server

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OVER = NOW + 15 * DAY + timedelta(seconds=1)
SHIFTS = "select user_id, happened_at from team.shift where attended"


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(
            "create table team.shift (user_id uuid, happened_at timestamptz, attended boolean default true); "
            "create index on team.shift (user_id, happened_at); create sequence team.numbers"
        )
        await programme.at(NOW)
        yield programme


async def shift(programme: Programme, when: datetime, *people: UUID) -> None:
    for one in people:
        await programme.rows("insert into team.shift values (%s, %s)", one, when)


async def settle(programme: Programme) -> int:
    """As a run does; how many were settled by the queries."""
    await programme.store.look_back(timezone=None, limit=1_000, timeout_seconds=10)
    return sum(
        [
            await programme.store.look_back(timezone=None, limit=1_000, timeout_seconds=10, outcome=one)
            for one in await programme.store.outcomes_over()
        ]
    )


async def settled(programme: Programme) -> dict[UUID, datetime | None]:
    rows = await programme.rows("select user_id, came_back_at from rekindle.enrolment where settled_at is not null")
    return {row["user_id"]: row["came_back_at"] for row in rows}


async def looked_back(programme: Programme) -> dict[UUID, datetime | None]:
    rows = await programme.rows(
        "select n.user_id, c.back_at from rekindle.came_back c "
        "join rekindle.scenario_notification n on n.id = c.claim_id"
    )
    return {row["user_id"]: row["back_at"] for row in rows}


async def in_trial(programme: Programme, query: str = SHIFTS, **keys: Any) -> tuple[list[UUID], list[UUID]]:
    """People who are nudged and held out by a scenario with this outcome, all claimed now."""
    await apply(programme, nudge=wanted(trial=HALF, outcome={"query": query, **keys}))
    arms = await people_of_arms(programme, 16)
    await run(programme)
    return arms


async def test_a_query_settles_the_base_rate_and_both_arms_once_and_an_activity_counts_for_nothing(
    programme: Programme,
) -> None:
    nudged, held = await in_trial(programme)
    await shift(programme, NOW, nudged[1])  # not after the claim
    await shift(programme, NOW + 3 * DAY, nudged[0], held[0])
    await shift(programme, NOW + 2 * DAY, held[0])
    await shift(programme, NOW + 14 * DAY + timedelta(seconds=1), held[1])
    for one in (nudged[2], held[2]):
        await programme.activity(one, NOW + DAY)
    await programme.at(OVER - timedelta(seconds=1))
    assert await settle(programme) == 0
    await programme.at(OVER)
    assert await settle(programme) == 16
    back = {nudged[0]: NOW + 3 * DAY, held[0]: NOW + 2 * DAY}
    assert await settled(programme) == dict.fromkeys([*nudged, *held]) | back
    assert await looked_back(programme) == dict.fromkeys(nudged) | {nudged[0]: NOW + 3 * DAY}
    # Another view of the past changes nothing that is settled.
    await programme.sql.execute("update team.shift set attended = not attended")
    assert await settle(programme) == 0
    assert await settled(programme) == dict.fromkeys([*nudged, *held]) | back


async def test_what_the_query_says_now_is_counted_and_rewrites_no_result(programme: Programme) -> None:
    nudged, held = await in_trial(programme)
    await shift(programme, NOW + DAY, nudged[0])
    await programme.at(OVER)
    await settle(programme)
    before = await settled(programme)
    await programme.sql.execute("update team.shift set attended = false")
    await shift(programme, NOW + DAY, held[0], held[1])
    [trial] = (await trials_found(programme.database, scope=None, sees=None, timezone=None)).trials
    assert (trial.changed, trial.failure, trial.outcome) == (3, None, SHIFTS)
    assert (sum(day.settled[0] for day in trial.days), sum(day.settled[2] for day in trial.days)) == (1, 0)
    assert await settled(programme) == before


@pytest.mark.parametrize("type_of_day", ["date", "timestamp"])
async def test_a_date_counts_where_the_person_lives_and_a_timestamp_in_utc(
    programme: Programme, type_of_day: str
) -> None:
    """At 12:00 UTC it is the next day in Kiritimati, which begins at 10:00 UTC."""
    query = f"select user_id, happened_at::{type_of_day} as happened_at from team.shift"
    await apply(programme, nudge=wanted(outcome={"query": query, "horizon": "2d"}))
    same, first, last, after = people = [await programme.person(timezone="Pacific/Kiritimati") for _ in range(4)]
    await programme.want(*people)
    await run(programme)
    for person, day in ((same, 2), (first, 3), (last, 4), (after, 5)):
        await shift(programme, datetime(2026, 6, day, tzinfo=UTC), person)
    await programme.at(NOW + 4 * DAY)
    assert await settle(programme) == 4
    midnight = datetime(2026, 6, 2, 10, tzinfo=UTC)
    expected: dict[UUID, datetime | None] = {same: None, first: midnight, last: midnight + DAY, after: None}
    if type_of_day == "timestamp":
        expected = dict.fromkeys(people) | {
            same: datetime(2026, 6, 2, tzinfo=UTC), first: datetime(2026, 6, 3, tzinfo=UTC)
        }  # fmt: skip
    assert await looked_back(programme) == expected


async def test_each_outcome_settles_its_own_people(programme: Programme) -> None:
    """The trial of the programme asks for an activity, the scenario for a shift."""
    await apply(programme, trial={"held_out": "10%", "until": "2026-12-01"}, nudge=wanted(outcome={"query": SHIFTS}))
    people = await programme.people(12)
    await run(programme)
    for one in people:
        await programme.activity(one, NOW + DAY)
    await programme.at(OVER)
    await settle(programme)
    assert await settled(programme) == dict.fromkeys(people, NOW + DAY)
    pushed = await looked_back(programme)
    assert pushed
    assert set(pushed.values()) == {None}


async def test_another_outcome_ends_a_trial_and_starts_another_with_the_digest_of_its_query(
    programme: Programme,
) -> None:
    one = wanted(trial=HALF, outcome={"query": f"-- attended\n{SHIFTS} ;"})
    await apply(programme, nudge=one)
    await apply(programme, nudge=wanted(trial=HALF, outcome={"query": SHIFTS.replace("attended", "true")}))
    await apply(programme, nudge=wanted(trial=HALF))
    rows = await programme.rows(
        "select outcome, outcome_sha256 = encode(sha256(outcome::bytea), 'hex') as digest, "
        "ended_at is not null as over from rekindle.trial order by started_at, ended_at"
    )
    assert [(row["digest"], row["over"]) for row in rows] == [(True, True), (True, True), (True, False)]
    assert {row["outcome"] for row in rows} == {
        f"-- attended\n{SHIFTS}", SHIFTS.replace("attended", "true"), "activity"
    }  # fmt: skip


HIDE = "alter table team.shift rename to kept; create view team.shift as select user_id, happened_at"
SHOW = "drop view team.shift; alter table team.kept rename to shift"
SLEEP = "(select pg_sleep(30 + extract(day from happened_at)) is null offset 0)"
BROKEN = {
    "a table that is gone": (
        "alter table team.shift rename to kept", "alter table team.kept rename to shift",
        "RK763", 'cannot be run: relation "team.shift" does not exist',
    ),
    "a column that is gone": (
        "alter table team.shift rename attended to came", "alter table team.shift rename came to attended",
        "RK763", 'cannot be run: column "attended" does not exist',
    ),
    "a value that cannot be read": (
        f"{HIDE}, 1 / (extract(day from happened_at)::int - 3) = -1 as attended from team.kept", SHOW,
        "RK761", "fails on the value of a row: division by zero",
    ),
    "a slow query": (f"{HIDE}, {SLEEP} as attended from team.kept", SHOW, "RK761", "took too long"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
async def test_a_query_that_fails_leaves_everybody_unsettled_and_the_run_is_done(
    programme: Programme, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(own_outcome, "QUERY_SECONDS", 4.0)
    breaks, repairs, code, words = BROKEN[what]
    nudged, held = await in_trial(programme)
    await shift(programme, NOW + 2 * DAY, nudged[0], held[0])
    await programme.activity(nudged[1], NOW + DAY)
    await programme.at(OVER)
    await programme.sql.execute(breaks.encode())
    report, _ = await run(programme)
    assert report.status == "done"
    [line] = [one for one in logged if one["event"] == "look_back.failed"]
    assert (line["code"], line["message"]) == (code, f"the outcome of scenario nudge {words}")
    assert (await settled(programme), await looked_back(programme)) == ({}, {})
    [trial] = (await trials_found(programme.database, scope=None, sees=None, timezone=None)).trials
    assert (trial.failure, trial.changed) == (line["message"], None)
    await programme.sql.execute(repairs.encode())
    assert await settle(programme) == 16
    assert {one for one, back in (await settled(programme)).items() if back} == {nudged[0], held[0]}


async def test_an_outcome_that_fails_does_not_hold_back_another(programme: Programme) -> None:
    broken = wanted(outcome={"query": SHIFTS})
    well = wanted(outcome={"query": SHIFTS.replace(" where attended", "")})
    await apply(programme, broken=broken, nudge=well, third=wanted())
    await programme.people(3)
    await run(programme)
    await programme.at(OVER)
    await programme.sql.execute("alter table team.shift rename attended to came")
    await run(programme)
    rows = await programme.rows("select scenario_type, count(*) as pushes from rekindle.came_back group by 1")
    assert {row["scenario_type"]: row["pushes"] for row in rows} == {"nudge": 3, "third": 3}


COLUMNS = "gen_random_uuid() as user_id, now() as happened_at"
REFUSED = {
    "two statements": f"select {COLUMNS}; select 1",
    "an insert": f"insert into team.shift select {COLUMNS}",
    "an insert in a CTE": f"with more as (insert into team.shift select {COLUMNS}) select {COLUMNS}",
    "a sequence": f"select {COLUMNS} from (select nextval('team.numbers') offset 0) s",
    "brackets closed and opened again": f"select null::uuid as user_id) other on true join (select {COLUMNS}",
    "a comment that swallows the rest": f"select {COLUMNS} /*",
    "a column that is missing": "select gen_random_uuid() as user_id",
    "another name": "select gen_random_uuid() as user_id, now() as activity_date",
    "text for a uuid": "select 'x'::text as user_id, now() as happened_at",
    "a text for a time": "select gen_random_uuid() as user_id, 'x'::text as happened_at",
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_query_that_is_not_one_read_only_select_of_the_two_columns_is_refused(
    programme: Programme, what: str
) -> None:
    await programme.person()
    before = await programme.rows("select count(*), (select is_called from team.numbers) from team.shift")
    with pytest.raises(OutcomeQueryInvalid) as caught:
        await PostgresSource(programme.database).read_outcome(
            OwnOutcome(REFUSED[what], ("*", "nudge")), horizon_seconds=86_400
        )
    assert caught.value.message.startswith("the outcome of [trial] and scenario nudge ")
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert await programme.rows("select count(*), (select is_called from team.numbers) from team.shift") == before


SECOND = "interval '1 s' as happened_at"


def asking(query: str) -> Config:
    one = definition(wanted(outcome={"query": query}))
    trial = {"held_out": "10%", "until": "2026-12-01", "outcome": {"query": query, "horizon": "30d"}}
    return Config.model_validate({"scenario": {"nudge": one}, "trial": trial})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (SHIFTS, None),
        ("select user_id, 1 as happened_at from team.shift", "RK763"),
        ("select user_id, happened_at from team.nowhere", "RK763"),
        (f"select user_id, happened_at + (1 / (n - n)) * {SECOND} from team.shift, generate_series(1, 2) n", "RK761"),
        ("select user_id, happened_at from team.shift, lateral (select pg_sleep(60) offset 0) s", "RK761"),
    ],
)  # fmt: skip
async def test_check_finds_it_before_a_run_does(
    programme: Programme, monkeypatch: pytest.MonkeyPatch, query: str, code: str | None
) -> None:
    monkeypatch.setattr(own_outcome, "QUERY_SECONDS", 4.0)
    await programme.at(datetime.now(UTC))
    await shift(programme, datetime.now(UTC) - DAY, *await programme.people(2))
    [finding] = [
        one for one in await check(asking(query), PostgresSource(programme.database)) if one.subject == "outcome"
    ]
    assert (finding.fault and finding.fault.code) == code
    assert "[trial]" in finding.message
    assert "nudge" in finding.message


async def test_people_that_the_query_was_not_asked_about_wait_for_the_next_run(programme: Programme) -> None:
    """Between the query and the ledger another run may settle, or the horizon may be edited."""
    nudged, held = await in_trial(programme)
    await shift(programme, NOW + DAY, *nudged, *held)
    await programme.at(OVER)
    [outcome] = await programme.store.outcomes_over()
    told = await own_outcome.asked(programme.database, outcome, timezone=None, limit=3, timeout_seconds=10)
    assert await programme.store.look_back(timezone=None, limit=3, timeout_seconds=10, outcome=outcome) == 3

    async def as_told(*_: Any, **__: Any) -> Any:
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_outcome, "asked", as_told)
        await programme.store.look_back(timezone=None, limit=3, timeout_seconds=10, outcome=outcome)
    assert len(await settled(programme)) < 16
    await settle(programme)
    for known in (await settled(programme), await looked_back(programme)):
        assert set(known.values()) == {NOW + DAY}
    assert len(await settled(programme)) == 16


async def test_a_horizon_that_is_edited_after_the_query_waits_for_the_next_run(programme: Programme) -> None:
    await apply(programme, nudge=wanted(outcome={"query": SHIFTS}))
    people = await programme.people(3)
    await run(programme)
    await shift(programme, NOW + DAY, *people)
    await programme.at(OVER)
    [outcome] = await programme.store.outcomes_over()
    told = await own_outcome.asked(programme.database, outcome, timezone=None, limit=9, timeout_seconds=10)
    await apply(programme, nudge=wanted(outcome={"query": SHIFTS, "horizon": "3d"}))

    async def as_told(*_: Any, **__: Any) -> Any:
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_outcome, "asked", as_told)
        assert await programme.store.look_back(timezone=None, limit=9, timeout_seconds=10, outcome=outcome) == 0
    assert await settle(programme) == 3
    assert await looked_back(programme) == dict.fromkeys(people, NOW + DAY)


async def test_a_query_that_groups_is_run_once_and_not_for_each_person(programme: Programme) -> None:
    slow = (
        "select user_id, min(happened_at) as happened_at from team.shift, "
        "(select pg_sleep(2) offset 0) s group by user_id"
    )
    nudged, held = await in_trial(programme, slow)
    await shift(programme, NOW + DAY, *nudged, *held)
    await programme.at(OVER)
    [outcome] = await programme.store.outcomes_over()
    asked = await own_outcome.asked(programme.database, outcome, timezone=None, limit=1_000, timeout_seconds=20)
    assert asked["back_ats"] == [NOW + DAY] * 16
