"""`explain` agrees with the claim: both judge hundreds of people in random situations."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.engine.explain import explain
from rekindle.engine.preview import plan
from rekindle.engine.priority import evaluations
from rekindle.model import Candidate, Selection
from rekindle.policy import UNGUARDED, idempotency_key
from rekindle.ports import Applied, Explanation, Terms
from rekindle.postgres.explain import PostgresExplanations
from team.programme import REFUSALS, Programme, applied, open_programme, scenario

pytestmark = pytest.mark.slow

server = one_server

PEOPLE = 60
BEFORE_DUE = {"not_enabled", "not_a_recipient", "not_active", "not_due"}
ZONES = [None, None, "UTC", "Europe/Oslo", "Asia/Kolkata", "America/Los_Angeles", "Nowhere/At_All", "CEST"]
OCCURRENCES = ["a", "b", "c"]
OWN = "select user_id, occurrence, variables from team.wanted where occurrence <> 'first'"
FIRST = "select user_id, occurrence, variables from team.wanted where occurrence = 'first'"
# Tuesday noon, Friday night and the night in which summer time begins, by the clock of Europe/Oslo.
MOMENTS = [
    datetime(2026, 3, 10, 11, 30, tzinfo=UTC),
    datetime(2026, 3, 13, 21, 59, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
]
REACHES = [
    {},
    {"quiet_hours": "21:00-08:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "caps": ["2 per 1d", "3 per 7d"]},
    {"quiet_hours": "10:00-13:30", "caps": ["1 per 12h"], "devices": {"newest": 1, "max_age": "5d"}},
    {"send_at": "02:30-13:30", "quiet_hours": "21:00-02:00", "caps": ["3 per 7d"]},
]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def fill(programme: Programme, at: datetime, draw: random.Random) -> list[UUID]:
    """People who may be absent, in quiet hours, opted out, without a device, or several of
    these."""

    def some_id() -> UUID:
        return UUID(int=draw.getrandbits(128))

    users = [some_id() for _ in range(PEOPLE)]
    rows: dict[str, list[tuple[object, ...]]] = {}

    def add(table: str, *row: object) -> None:
        rows.setdefault(table, []).append(row)

    places = [(some_id(), zone) for zone in ZONES]
    for place, zone in places:
        add("team.organisation (organisation_id, timezone)", place, zone)
        add("team.chapter (chapter_id, timezone)", place, zone)
    for kind in ("token", "fid"):
        add(
            "rekindle.disabled_token (device_id, user_id, reason, sent_at)",
            await programme.value("select rekindle.device_id(%s, 'dead')", kind),
            some_id(),
            "unregistered",
            at - timedelta(days=5),
        )
    for user in users:
        for _ in range(draw.choice([0, 1, 1, 1, 1, 1, 2])):
            add(
                "team.person (user_id, organisation_id, chapter_id, timezone, active)",
                user,
                *(draw.choice([None, *(place for place, _ in places)]) or some_id() for _ in range(2)),
                draw.choice(ZONES),
                draw.random() < 0.9,
            )
        for occurrence in draw.sample([*OCCURRENCES, "first"], draw.choice([0, 1, 1, 2, 3])):
            variables = {"x": "x" * 70_000} if draw.random() < 0.05 else {}
            add("team.wanted (user_id, occurrence, variables)", user, occurrence, Jsonb(variables))
        for _ in range(draw.choice([0, 1, 1, 1, 1, 2, 2])):
            kind = draw.choice(["token"] * 5 + ["fid", "topic"])
            token, registered = draw.choice([*[f"t-{user}"] * 5, "dead", ""]), draw.choice([None, 9, 1])
            registered_at = None if registered is None else at - timedelta(days=registered)
            add("team.device (user_id, token, target_kind, last_registered_at)", user, token, kind, registered_at)
        if draw.random() < 0.5:
            inflight = some_id() if draw.random() < 0.2 else None
            next_at = at + draw.choice([-50, 0, 5, 29]) * timedelta(hours=1)
            add("rekindle.gate (user_id, scenario_type, next_at, inflight)", user, "nudge", next_at, inflight)
        if draw.random() < 0.2:
            wish = draw.choice(["nudge", "other", None])
            add("team.preference (user_id, scenario_type, opted_out)", user, wish, draw.random() < 0.6)
        # Recorded long ago, or today for another occasion.
        for occurrence in draw.sample(OCCURRENCES, draw.choice([0, 0, 0, 1, 2])):
            add(
                "rekindle.scenario_notification (id, user_id, scenario_type, occurrence, idempotency_key)",
                some_id(), user, "nudge", occurrence, f"{user}/{occurrence}",
            )  # fmt: skip
        if draw.random() < 0.1:
            add(
                "rekindle.scenario_notification (id, user_id, scenario_type, occurrence, idempotency_key)",
                some_id(), user, "nudge", "another", idempotency_key(user, "nudge", at.date()),
            )  # fmt: skip
        if draw.random() < 0.1:
            add(
                "rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, "
                "run_id, outcome, reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, "
                "attempts)",
                some_id(), some_id(), user, "nudge", 1, some_id(), some_id(), draw.choice(["unknown", "dead"]), "x",
                draw.choice(OCCURRENCES), "k", at, 1, 1, 1,
            )  # fmt: skip
        hours = [draw.choice([0.1, 11, 12, 23, 24, 100, 168, None]) for _ in range(draw.choice([0, 0, 1, 2, 3]))]
        counted = {
            str(some_id()): None if one is None else (at - one * timedelta(hours=1)).timestamp() for one in hours
        }
        add("rekindle.cap (user_id, counted)", user, Jsonb(counted))
    async with programme.sql.cursor() as cursor:
        for table, values in rows.items():
            holes = ", ".join(["%s"] * len(values[0]))
            await cursor.executemany(f"insert into {table} values ({holes})".encode(), values)
    return users


async def planned(programme: Programme, ours: Applied, others: list[Applied], terms: Terms) -> dict[UUID, str | None]:
    found: dict[UUID, str | None] = {}
    asked = evaluations([ours], Selection(), [ours, *others], terms)
    async with aclosing(plan(programme.store, asked, guard=UNGUARDED)) as steps:
        async for step in steps:
            if isinstance(step, Candidate):
                found[step.user_id] = step.refusal
    return found


async def explained(
    programme: Programme, user: UUID, ours: Applied, others: list[Applied], terms: Terms
) -> Explanation:
    explanations = PostgresExplanations(programme.database)
    [one] = await explain(explanations, user, [ours, *others], names=[ours.scenario_type], terms=terms)
    return one


@pytest.mark.parametrize("seed", range(len(MOMENTS) * len(REACHES)))
async def test_the_first_reason_is_that_of_the_plan_and_the_plan_changes_at_the_time_that_is_named(
    programme: Programme, seed: int
) -> None:
    draw = random.Random(seed)
    at, reach = MOMENTS[seed % len(MOMENTS)], REACHES[seed // len(MOMENTS) % len(REACHES)]
    await programme.at(at)
    users = await fill(programme, at, draw)
    terms = Terms(timezone=draw.choice([None, None, "Europe/Oslo"]), timeout_seconds=20)
    ours = applied(scenario("sql", query=OWN, **reach), "nudge")
    first = applied(scenario("sql", query=FIRST, **(reach | {"priority": 90})), "first")
    others = [first] if reach else []
    said = await planned(programme, ours, others, terms)
    reasons: Counter[str | None] = Counter()
    for user in users:
        one = await explained(programme, user, ours, others, terms)
        blocked = one.blocked_by
        assert [condition.reason for condition in one.conditions] == [
            *("not_enabled", "not_a_recipient", "not_active", "not_due"), *REFUSALS[1:], "no_token",
        ]  # fmt: skip
        if user in said:
            assert (blocked or (None,))[0] == said[user], one
            reasons[said[user]] += 1
        else:
            assert blocked[0] in BEFORE_DUE, one
        assert (one.next_at is None) == (one.waits_for is not None)
        assert one.waits_for is None or one.waits_for in blocked
        assert one.next_at is None or one.next_at >= at
        assert (one.next_at == at) == (not blocked), one
    assert len(reasons) >= 4, reasons
    waiting = [(user, await explained(programme, user, ours, [], terms)) for user in users]
    later = [(user, one.next_at) for user, one in waiting if one.next_at is not None and one.next_at > at]
    assert later
    for user, next_at in later[:8]:
        for moment, refused in ((next_at - timedelta(milliseconds=1), True), (next_at, False)):
            await programme.at(moment)
            one = await explained(programme, user, ours, [], terms)
            assert bool(one.blocked_by) == refused, (moment, one)
