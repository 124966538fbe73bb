"""Overrides in the database: the variant of a person's place decides about the claim and the
text."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from conftest import one_server
from database.test_ledger_locks import holding
from rekindle.engine.explain import explain
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.model import Candidate, Numbers, Place, Selection
from rekindle.ports import Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.reports import Reports
from rekindle.scenario import AnyScenario, Config, definition, parse_scenario
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, evaluation, open_programme, scenario, wanted

server = one_server

pytestmark = pytest.mark.slow

NOW = datetime(2026, 5, 8, 20, 50, tzinfo=UTC)  # a Friday
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
CENTRE, EAST = (UUID(int=number) for number in (11, 12))
PLACES = [(FIRST, None), (FIRST, CENTRE), (FIRST, EAST), (SECOND, CENTRE), (THIRD, None), (THIRD, EAST)]
OWN = "select user_id, occurrence, variables from team.wanted"
KINDS: dict[str, dict[str, Any]] = {
    "inactivity": {"after": [14, 30], "limit": 2},
    "milestone": {"at": [5, 10]},
    "expiry": {"before": [7, 30]},
    "sql": {"query": OWN},
}
CHANGES: dict[str, list[dict[str, Any]]] = {
    "inactivity": [{"after": [3, 20]}, {"after": [40]}, {"limit": 1}, {"back_off": 3.0}],
    "milestone": [{"at": [3]}, {"at": [4, 12]}],
    "expiry": [{"before": [2]}, {"before": [50, 60]}],
    "sql": [{}],
}
REACH: list[dict[str, Any]] = [
    {}, {"enabled": False}, {"quiet_hours": "20:00-08:00"}, {"quiet_hours": "none"}, {"send_at": "14:00-15:00"},
    {"weekdays": ["mon", "fri"]}, {"caps": ["1 per 1d"]}, {"caps": []}, {"cooldown": 7_200}, {"relevance": 3_600},
]  # fmt: skip
BASES: list[dict[str, Any]] = [{}, {"caps": ["2 per 1d"]}, {"quiet_hours": "23:00-08:00", "cooldown": 3_600}]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def override(organisation_id: UUID, chapter_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
    chapter = {"chapter_id": str(chapter_id)} if chapter_id else {}
    return {"organisation_id": str(organisation_id), **chapter, "changes": changes}


async def resident(programme: Programme, organisation_id: UUID, chapter_id: UUID | None = None, **keys: Any) -> UUID:
    user = await programme.person(organisation_id=organisation_id, **keys)
    await programme.sql.execute("update team.person set chapter_id = %s where user_id = %s", [chapter_id, user])
    return user


async def fill(programme: Programme, draw: random.Random) -> None:
    """A hundred and fifty people in every state, spread over the places."""
    for _ in range(150):
        user = await resident(programme, *draw.choice(PLACES), timezone=draw.choice(["UTC", "Asia/Tokyo", None]))
        days = [draw.randint(1, 60) for _ in range(draw.choice([0, 1, 3, 5, 12]))]
        await programme.activity(user, *(NOW - timedelta(days=day) for day in days))
        last = f"{NOW - timedelta(days=min(days)):%Y-%m-%d}" if days else ""
        if draw.random() < 0.5:
            await programme.certificate(user, NOW.date() + timedelta(days=draw.randint(0, 70)))
        if draw.random() < 0.7:
            await programme.sql.execute("insert into team.wanted values (%s, 'once', '{}')", [user])
        for ago, occurrence in ((9, f"inactive:{last}:3d"), (4, f"inactive:{last}:14d"), (6, "milestone:5")):
            if draw.random() < 0.3:
                await programme.sql.execute(
                    "insert into rekindle.scenario_notification (id, user_id, scenario_type, occurrence, "
                    "idempotency_key, dispatched_at) values (%s, %s, 'nudge', %s, %s, %s)",
                    [uuid4(), user, occurrence, f"{user}/{occurrence}", NOW - timedelta(days=ago)],
                )
        if draw.random() < 0.4:
            counted = {str(uuid4()): (NOW - timedelta(hours=draw.choice([5, 30]))).timestamp()}
            await programme.sql.execute(
                "insert into rekindle.cap (user_id, counted) values (%s, %s)", [user, Jsonb(counted)]
            )
        if draw.random() < 0.3:
            opens_at = NOW + timedelta(hours=draw.choice([-1, 5]))
            await programme.sql.execute("insert into rekindle.gate values (%s, 'nudge', %s)", [user, opens_at])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_each_person_is_judged_as_if_their_variant_were_the_whole_scenario(
    programme: Programme, kind: str, seed: int
) -> None:
    draw = random.Random(f"{kind}{seed}")
    await fill(programme, draw)
    overrides = [
        override(*place, **{**draw.choice(CHANGES[kind]), **reach})
        for place, reach in zip(
            draw.sample([*PLACES, (SECOND, None), (uuid4(), None)], 5), draw.sample(REACH, 5), strict=True
        )
    ]
    one = scenario(kind, **KINDS[kind], **draw.choice(BASES), overrides=overrides)
    judged = await programme.due(one)
    reasons: Counter[str | None] = Counter()
    seen: set[int] = set()
    for organisation_id, chapter_id in PLACES:
        of_place = {row["user_id"] for row in await programme.rows(
            "select user_id from team.person where organisation_id = %s and chapter_id is not distinct from %s",
            organisation_id, chapter_id,
        )}  # fmt: skip
        number = next(
            (
                number
                for wish in ((str(organisation_id), chapter_id and str(chapter_id)), (str(organisation_id), None))
                for number, said in enumerate(one.overrides, start=1)
                if (said.organisation_id, said.chapter_id) == wish
            ),
            0,
        )
        seen.add(number)
        alone = await programme.due(one.variants()[number])
        expected = {user: replace(candidate, variant=number) for user, candidate in alone.items() if user in of_place}
        assert {user: candidate for user, candidate in judged.items() if user in of_place} == expected
        reasons.update(candidate.refusal for candidate in expected.values())
    assert len(seen) > 2
    assert reasons[None]
    assert reasons.total() > reasons[None]
    await holds_after_the_claim(programme, one, judged)


async def holds_after_the_claim(programme: Programme, one: AnyScenario, judged: dict[UUID, Candidate]) -> None:
    """A run claims the people that the plan predicted, and each unit has the terms of its
    person's variant."""
    _, units = await programme.claimed_units(one)
    assert {unit.user_id: unit.variant for unit in units} == {
        user: candidate.variant for user, candidate in judged.items() if candidate.refusal is None
    }
    rows = await programme.rows(
        "select o.*, g.next_at - rekindle.clock() as shut_for, o.give_up_at - o.claimed_at as relevant_for "
        "from rekindle.outbox o join rekindle.gate g using (user_id, scenario_type)"
    )
    for row in rows:
        variant = one.variants()[row["variant"]]
        quiet = variant.quiet()
        assert row["shut_for"] == timedelta(seconds=variant.cooldown)
        assert row["cooldown_seconds"] == variant.cooldown
        assert row["relevant_for"] == timedelta(seconds=variant.relevance)
        assert (row["quiet_from"], row["quiet_until"]) == (quiet or (None, None))
        assert row["weekdays"] == variant.weekday_numbers()
        assert (row["send_from"], row["send_until"]) == (variant.send_window() or (None, None))
    counted = {
        row["user_id"] for row in await programme.rows("select user_id from rekindle.cap where counted::text ~ 'null'")
    }
    assert counted == {unit.user_id for unit in units if one.variants()[unit.variant].caps}


async def test_each_persons_own_rules_decide_where_two_scenarios_meet(programme: Programme) -> None:
    strict, loose, free = [await resident(programme, place) for place in (FIRST, SECOND, THIRD)]
    await programme.want(strict, loose, free)
    keys: dict[str, Any] = {
        "caps": ["1 per 1d"],
        "overrides": [override(SECOND, caps=["2 per 1d"]), override(THIRD, caps=[])],
    }
    assert (await programme.claim(wanted(**keys), scenario_type="first")).claimed == 3
    second = await programme.claim(wanted(**keys), scenario_type="second")
    third = await programme.claim(wanted(**keys), scenario_type="third")
    assert (second.claimed, dict(second.refusals)) == (2, {"frequency_cap": 1})
    assert (third.claimed, dict(third.refusals)) == (1, {"frequency_cap": 2})


async def test_a_cap_is_checked_by_the_rules_of_the_claim_and_not_by_those_of_the_previous_one(
    programme: Programme,
) -> None:
    user = await resident(programme, FIRST)
    await programme.want(user)
    await programme.claim(wanted(cooldown=1, caps=["3 per 1d"]), scenario_type="before")
    numbers: dict[str, Numbers] = {}

    async def claim(name: str, cap: str) -> None:
        numbers[name] = await programme.claim(wanted(caps=[cap]), scenario_type=name)

    async with asyncio.TaskGroup() as claims, holding(programme, "select from rekindle.cap for update"):
        # Both win their gates, and wait for the person's cap.
        claims.create_task(claim("loose", "3 per 1d"))
        await programme.blocked("claim")
        claims.create_task(claim("strict", "2 per 1d"))
        await programme.blocked("claim", count=2)
    assert (numbers["loose"].claimed, numbers["strict"].claimed) == (1, 0)
    assert dict(numbers["strict"].refusals) == {"frequency_cap": 1}
    gate = await programme.gate(user, "strict")
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"] <= 0) == (None, True)


async def test_a_person_is_left_to_an_outranking_scenario_by_their_own_caps(programme: Programme) -> None:
    strict, free = [await resident(programme, place) for place in (FIRST, SECOND)]
    await programme.want(strict, free)
    first = applied(wanted(priority=90, caps=["1 per 1d"], overrides=[override(SECOND, caps=[])]), "first")
    numbers = await programme.store.claim(
        await programme.run(),
        evaluation(wanted(caps=["1 per 1d"]), outranking=[first]),
        reserved_seconds=60,
    )
    # The other scenario's claim of `free` would count under no cap, so it takes no place.
    assert (numbers.claimed, dict(numbers.refusals)) == (1, {"frequency_cap": 1})
    assert await programme.value("select user_id from rekindle.outbox") == free


async def test_the_text_is_that_of_the_place_where_the_person_was_claimed(programme: Programme) -> None:
    centre, rest, other = [
        await resident(programme, *place) for place in ((FIRST, CENTRE), (FIRST, EAST), (SECOND, CENTRE))
    ]
    await programme.want(centre, rest, other)
    one = wanted(
        overrides=[
            override(FIRST, message={"en": {"title": "First"}}),
            override(FIRST, CENTRE, message={"en": {"title": "Centre"}}, link="https://example.org/centre", ttl=60),
        ]
    )
    await Reports(programme.database).store_config(Config(scenario={"nudge": definition(one) | {"overrides": []}}))
    await programme.sql.execute("update rekindle.scenario set definition = %s", [Jsonb(definition(one))])
    run_id, _ = await programme.claimed_units(one)
    await programme.store.release(run_id)
    await programme.sql.execute("update team.person set organisation_id = %s, chapter_id = null", [THIRD])
    dispatcher = ScriptedDispatcher()
    await run_cycle(Deps(dispatcher, programme.store, programme.store), [applied(one)], Selection(), Limits())
    sent = {message.user_id: (message.title, message.body, message.link) for message in dispatcher.sent}
    assert sent == {
        centre: ("Centre", "There", "https://example.org/centre"),
        rest: ("First", "There", None),
        other: ("Hello", "There", None),
    }
    assert {message.ttl_seconds for message in dispatcher.sent} == {60, 86_400}


async def test_explain_names_the_override_that_applies_and_judges_by_it(programme: Programme) -> None:
    one = wanted(
        cooldown=86_400,
        overrides=[
            override(FIRST, quiet_hours="20:00-08:00"),
            override(FIRST, CENTRE, enabled=False),
            override(SECOND),
        ],
    )
    users = [
        await resident(programme, *place) for place in ((FIRST, None), (FIRST, CENTRE), (SECOND, CENTRE), (THIRD, None))
    ]
    await programme.want(*users)
    explanations = PostgresExplanations(programme.database)
    said = []
    for user in [*users, uuid4()]:
        [explained] = await explain(explanations, user, [applied(one)], terms=Terms(timezone="UTC"))
        said.append((explained.override, explained.blocked_by[:1], explained.next_at, explained.waits_for))
    assert said == [
        (Place(FIRST), ("quiet_hours",), datetime(2026, 5, 9, 8, 0, tzinfo=UTC), None),
        (Place(FIRST, CENTRE), ("not_enabled",), None, "not_enabled"),
        (Place(SECOND), (), NOW, None),
        (None, (), NOW, None),
        (None, ("not_a_recipient",), None, "not_a_recipient"),
    ]


async def sent_ago(programme: Programme, user: UUID, occurrence: str, days: float, outcome: str = "recorded") -> None:
    at = NOW - timedelta(days=days)
    if outcome == "recorded":
        await programme.sql.execute(
            "insert into rekindle.scenario_notification (id, user_id, scenario_type, occurrence, idempotency_key, "
            "dispatched_at) values (%s, %s, 'nudge', %s, %s, %s)",
            [uuid4(), user, occurrence, str(uuid4()), at],
        )
    else:
        await programme.sql.execute(
            "insert into rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, "
            "claimed_run_id, run_id, outcome, reason, occurrence, idempotency_key, cooldown_window_start, "
            "cooldown_seconds, epoch, attempts, at) "
            "select gen_random_uuid(), gen_random_uuid(), %s, 'nudge', 1, gen_random_uuid(), gen_random_uuid(), %s, "
            "'x', %s, '', %s, 1, 1, 1, %s from generate_series(1, 2)",
            [user, outcome, occurrence, at, at],
        )


LAST = "2026-01-08"


@pytest.mark.parametrize(
    ("pushes", "waits_until"),
    [
        ([], None),
        ([(9, "recorded")], None),                          # an answer may still come: only the cooldown applies
        ([(20, "recorded"), (9, "recorded")], 14),          # twice the cooldown of seven days
        ([(20, "recorded"), (15, "recorded")], None),
        ([(40, "recorded"), (30, "recorded"), (27, "recorded")], 28),
        ([(40, "recorded"), (30, "unknown"), (29, "recorded")], None),
        ([(20, "dead"), (9, "recorded")], None),            # that one reached nobody
        ([(20, "unknown"), (9, "unknown")], 14),            # which may have reached somebody
    ],
)  # fmt: skip
async def test_a_person_who_never_comes_back_is_nudged_less_and_less_often(
    programme: Programme, pushes: list[tuple[int, str]], waits_until: int | None
) -> None:
    one = scenario("inactivity", after=[7, 14, 30, 60, 120], cooldown=7 * 86_400, back_off=2)
    user, other = [await programme.person() for _ in range(2)]
    for person in (user, other):
        await programme.activity(person, f"{LAST} 12:00:00+00")
    for stage, (days, outcome) in zip((7, 14, 30), pushes, strict=False):
        await sent_ago(programme, user, f"inactive:{LAST}:{stage}d", days, outcome)
        await sent_ago(
            programme, other, f"inactive:2025-01-01:{stage}d", days + 200, outcome
        )  # an absence that is over
    due = await programme.due(one)
    assert due[user].refusal == (None if waits_until is None else "back_off")
    assert due[other].refusal is None
    assert (await programme.due(scenario("inactivity", after=[7, 120], cooldown=7 * 86_400)))[user].refusal is None
    [explained] = await explain(
        PostgresExplanations(programme.database), user, [applied(one)], terms=Terms(timezone="UTC")
    )
    last = min((days for days, outcome in pushes if outcome != "dead"), default=0)
    assert explained.next_at == (NOW if waits_until is None else NOW + timedelta(days=waits_until - last))


async def test_a_back_off_ends_at_ten_years(programme: Programme) -> None:
    one = scenario("inactivity", after=[*range(1, 20), 120], cooldown=366 * 86_400, back_off=10)
    user = await programme.person()
    await programme.activity(user, f"{LAST} 12:00:00+00")
    for stage in range(1, 20):
        await sent_ago(programme, user, f"inactive:{LAST}:{stage}d", 1)
    [explained] = await explain(
        PostgresExplanations(programme.database), user, [applied(one)], terms=Terms(timezone="UTC")
    )
    assert explained.blocked_by == ("back_off",)
    assert explained.next_at == NOW - timedelta(days=1) + timedelta(days=3_660)


def test_the_scenario_of_the_tests_is_stored_unchanged() -> None:
    one = wanted(overrides=[override(FIRST, cooldown=60)])
    assert parse_scenario(definition(one)).variants()[1].cooldown == 60
