"""All runs that send through one account share its limit per minute."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from team.programme import Programme, open_programme

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def wait(programme: Programme, sends: int, *, per_second: float = 100, account: str = "fcm:a") -> float:
    return round(await programme.store.reserve(account, sends, per_second=per_second), 3)


async def test_a_burst_of_one_second_passes_at_once_and_the_rest_waits_its_turn(programme: Programme) -> None:
    assert [await wait(programme, 50) for _ in range(4)] == [0, 0, 0.5, 1]
    await programme.at(NOW + timedelta(seconds=1.5))
    assert await wait(programme, 50) == 0
    await programme.at(NOW + timedelta(hours=1))
    assert [await wait(programme, 100) for _ in range(2)] == [0, 1]


async def test_runs_that_reserve_at_the_same_moment_share_the_limit(programme: Programme) -> None:
    waits = await asyncio.gather(*(wait(programme, 100) for _ in range(10)))
    assert sorted(waits) == [float(second) for second in range(10)]


async def test_another_account_has_its_own_limit(programme: Programme) -> None:
    assert [await wait(programme, 200), await wait(programme, 200, account="fcm:b")] == [1, 1]


async def test_a_limit_below_one_per_second_lets_the_first_send_start_at_once(programme: Programme) -> None:
    assert [await wait(programme, 1, per_second=1 / 60) for _ in range(3)] == [0, 60, 120]


async def test_a_clock_that_jumps_back_does_not_stop_the_sends(programme: Programme) -> None:
    assert await wait(programme, 100) == 0
    await programme.at(NOW - timedelta(hours=1))
    assert await wait(programme, 100) <= 71
