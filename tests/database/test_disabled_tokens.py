"""Tokens that the provider has proven dead: which there are, and how an operator revives them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from conftest import one_server
from rekindle.access import Actor
from rekindle.model import Ending
from rekindle.ports import Disabled, Entry
from rekindle.postgres.disabled import disabled_tokens, revive
from team.programme import Programme, open_programme, wanted

server = one_server

NOW = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
ENTRY = Entry("tokens.revived", Actor("key", "ci", "admin"))


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def disable(programme: Programme, *users: UUID, reason: str = "unregistered") -> None:
    """Claim, arm, and have the provider prove the token of each person dead."""
    await programme.want(*users)
    run_id, units = await programme.armed_units()
    assert {unit.user_id for unit in units} == set(users)
    await programme.store.finish(run_id, [Ending(unit, "skipped", reason, prune=True) for unit in units])


async def test_disabled_tokens_are_listed_newest_first_with_what_the_person_has_now(programme: Programme) -> None:
    first, second, third = [await programme.person() for _ in range(3)]
    await disable(programme, first, second)
    await programme.at(NOW + timedelta(hours=1))
    await disable(programme, third, reason="invalid_token")
    await programme.sql.execute(
        "update team.device set last_registered_at = %s where user_id = %s", [NOW + timedelta(hours=2), second]
    )
    await programme.sql.execute("delete from team.device where user_id = %s", [third])
    found = await disabled_tokens(programme.database, Disabled(), limit=10)
    assert [(one.reason, one.registration) for one in found if one.user_id == third] == [("invalid_token", "gone")]
    assert {one.user_id: one.registration for one in found} == {first: "older", second: "newer", third: "gone"}
    assert found[0].user_id == third
    assert [one.device_id for one in await disabled_tokens(programme.database, Disabled(), limit=1)] == [
        found[0].device_id
    ]


async def test_a_token_that_is_revived_gets_pushes_again_and_the_change_is_audited(programme: Programme) -> None:
    users = [await programme.person() for _ in range(3)]
    await disable(programme, *users)
    await programme.at(NOW + timedelta(days=2))
    await programme.want(*users, occurrence="next")
    assert (await programme.claim(wanted())).refusals == {"no_token": 3}
    assert await revive(programme.database, Disabled(user_id=users[0]), ENTRY) == 1
    assert (await programme.claim(wanted())).claimed == 1
    assert await programme.rows("select actor, action, details from rekindle.audit") == [
        {"actor": "key ci", "action": "tokens.revived", "details": {"tokens": 1}}
    ]


@pytest.mark.parametrize(
    ("chosen", "revived"),
    [
        (Disabled(reason="unregistered"), 2),
        (Disabled(reason="other"), 0),
        (Disabled(within_seconds=3_600), 1),
        (Disabled(within_seconds=86_400, reason="unregistered"), 2),
        (Disabled(device_ids=(uuid4(),)), 0),
    ],
)
async def test_every_condition_narrows_what_is_revived(programme: Programme, chosen: Disabled, revived: int) -> None:
    first, second = [await programme.person() for _ in range(2)]
    await disable(programme, first)
    await programme.at(NOW + timedelta(hours=2))
    await disable(programme, second)
    await programme.at(NOW + timedelta(hours=2, minutes=30))
    assert await revive(programme.database, chosen, ENTRY) == revived
    assert len(await disabled_tokens(programme.database, Disabled(), limit=10)) == 2 - revived
    assert len(await programme.rows("select 1 from rekindle.audit")) == bool(revived)


async def test_only_the_named_devices_are_revived(programme: Programme) -> None:
    users = [await programme.person() for _ in range(3)]
    await disable(programme, *users)
    one, two, three = await disabled_tokens(programme.database, Disabled(), limit=10)
    chosen = Disabled(device_ids=(one.device_id, two.device_id, uuid4()))
    assert await revive(programme.database, chosen, ENTRY) == 2
    assert await disabled_tokens(programme.database, Disabled(), limit=10) == [three]
