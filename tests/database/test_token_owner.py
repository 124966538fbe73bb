"""A device belongs to one person at a time: the newest registration owns the token."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from conftest import one_server
from rekindle.model import Selection
from rekindle.postgres.source import PostgresSource
from team.programme import Programme, open_programme, wanted

server = one_server

NOW = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
BEFORE, AFTER = "2026-03-01 00:00+00", "2026-05-01 00:00+00"
LOW, HIGH = UUID(int=1), UUID(int=2)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def two_people(programme: Programme, first: str | None, second: str | None) -> None:
    """Two people who are due, with the token SHARED registered at these times."""
    for user_id, at in ((LOW, first), (HIGH, second)):
        await programme.person(user_id=user_id, tokens=[])
        await programme.token(user_id, "SHARED", registered_at=at)
    await programme.want(LOW, HIGH)


async def reached(programme: Programme, user_id: UUID | None = None) -> dict[UUID, list[str]]:
    """By person who is due: the tokens that a claim would send to. One person's claim agrees."""
    due = await programme.due(wanted())
    for one in due:
        alone = await programme.claim(wanted(), selection=Selection(scenarios=("nudge",), user_id=one))
        assert alone.claimed == bool(due[one].devices)
    assert all(one.refusal == (None if one.devices else "no_token") for one in due.values())
    return {one: [target for _, target in found.devices] for one, found in due.items()}


@pytest.mark.parametrize(
    ("first", "second", "owner"),
    [
        pytest.param(BEFORE, AFTER, HIGH, id="later"),
        (AFTER, BEFORE, LOW),
        (None, BEFORE, HIGH),
        (BEFORE, None, LOW),
        (BEFORE, BEFORE, LOW),
        (None, None, LOW),
        ("0001-01-01", None, LOW),
        (AFTER, "infinity", HIGH),
    ],
)
async def test_the_newest_registration_owns_the_token(
    programme: Programme, first: str | None, second: str | None, owner: UUID
) -> None:
    await two_people(programme, first, second)
    other = LOW if owner == HIGH else HIGH
    assert await reached(programme) == {owner: ["SHARED"], other: []}


@pytest.mark.parametrize(
    "owner",
    [
        "update team.person set active = false where user_id = %s",
        "delete from team.person where user_id = %s",
        "update team.device set target_kind = 'web' where user_id = %s",
        "update team.device set target_kind = 'fid' where user_id = %s",
        "update team.device set user_id = null where user_id = %s",
        "insert into team.preference values (%s, null, true)",
        "update team.device set token = E' SHARED\\n' where user_id = %s",
        "update team.device set token = E'SHARED\\r\\n' where user_id = %s",
    ],
)
async def test_the_former_owner_gets_nothing_whatever_becomes_of_the_new_one(programme: Programme, owner: str) -> None:
    await two_people(programme, BEFORE, AFTER)
    await programme.sql.execute(owner.encode(), [HIGH])
    due = await programme.due(wanted())
    assert due[LOW].refusal == "no_token"
    assert (await programme.claim(wanted(), selection=Selection(scenarios=("nudge",), user_id=LOW))).claimed == 0


async def test_a_person_who_registers_again_owns_the_token_again_and_keeps_their_other_devices(
    programme: Programme,
) -> None:
    await two_people(programme, "2026-02-01", BEFORE)
    await programme.token(LOW, "OTHER")
    await programme.token(LOW, "SHARED ", registered_at=AFTER)
    assert await reached(programme) == {LOW: ["OTHER", "SHARED"], HIGH: []} or {LOW: ["SHARED", "OTHER"], HIGH: []}


async def test_a_token_that_everybody_has_is_one_persons_and_costs_no_more_than_any_other(programme: Programme) -> None:
    people = await programme.people(3_000)
    await programme.sql.execute("update team.device set token = 'null', last_registered_at = now() where token <> ''")
    numbers = await programme.claim(wanted())
    assert (numbers.claimed, dict(numbers.refusals)) == (1, {"no_token": 2_999})
    assert await programme.value("select user_id from rekindle.outbox") == min(people)


async def test_blanks_around_a_token_are_not_sent_and_make_no_second_device(programme: Programme) -> None:
    user_id = await programme.person(tokens=[" t\n", "t", "\r\n "])
    await programme.want(user_id)
    assert await reached(programme) == {user_id: ["t"]}


@pytest.mark.parametrize(
    ("since", "sent"),
    [
        ("insert into team.device values (gen_random_uuid(), %s, 'token', '2026-05-08')", False),
        ("update team.device set user_id = gen_random_uuid() where token = %s", False),
        pytest.param("delete from team.device where token = %s", False, id="removed"),
        ("insert into team.device values (gen_random_uuid(), %s, 'token', '2026-01-01')", True),
        ("insert into team.device values (gen_random_uuid(), %s || 'x', 'token', '2026-05-08')", True),
        ("update team.device set last_registered_at = '2026-05-08' where token = %s", True),
    ],
)
async def test_a_token_that_changed_hands_since_the_claim_gets_nothing(
    programme: Programme, since: str, sent: bool
) -> None:
    user_id, other = await programme.people(2)
    await programme.sql.execute("update team.device set last_registered_at = %s", [AFTER])
    run_id, units = await programme.claimed_units()
    (token,) = [unit.target for unit in units if unit.user_id == user_id]
    await programme.sql.execute(since.encode(), [token])
    verdicts = await programme.store.arm(units, lease_seconds=30)
    said = {unit.user_id: verdicts[unit.claim_id, unit.device_id] for unit in units}
    assert said == {user_id: "armed" if sent else "token_gone", other: "armed"}
    assert run_id


async def test_the_check_counts_usable_devices_as_the_claim_does(programme: Programme) -> None:
    await two_people(programme, BEFORE, AFTER)
    fine, unknown, dead, blank = [await programme.person(tokens=[f"t{n}"]) for n in range(4)]
    await programme.person(tokens=["t9"], active=False)
    await programme.sql.execute("update team.device set target_kind = 'fcm' where user_id = %s", [unknown])
    await programme.sql.execute("update team.device set token = E' \\n' where user_id = %s", [blank])
    await programme.sql.execute(
        "insert into rekindle.disabled_token (device_id, user_id, reason, sent_at) "
        "values (rekindle.device_id('token', 't2'), gen_random_uuid(), 'unregistered', now())"
    )
    await programme.want(LOW, HIGH, fine, unknown, dead, blank, uuid4())
    refused = sum(one.refusal == "no_token" for one in (await programme.due(wanted())).values())
    assert refused == 4
    counts = await PostgresSource(programme.database).counts()
    assert (counts.recipients, counts.without_token) == (6, refused)
