"""A run that is followed over HTTP, if reading it fails unexpectedly."""

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from rekindle.api.follow import Following
from rekindle.errors import RekindleError


async def test_an_unexpected_fault_ends_the_followers_and_is_logged_without_its_text(
    logged: list[dict[str, Any]],
) -> None:
    async def watch(run_id: UUID, *, stop: asyncio.Event | None) -> AsyncGenerator[None]:
        raise ValueError("c4n4ry")
        yield

    runs = SimpleNamespace(has=lambda _: False, stop=asyncio.Event())
    following = Following(cast("Any", SimpleNamespace(watch=watch)), cast("Any", runs))
    with pytest.raises(RekindleError, match="RK000") as raised:
        async for _ in following.events(uuid4(), follower="key ci"):
            pass
    assert [(one["event"], one["kind"]) for one in logged] == [("follow.failed", "ValueError")]
    assert "c4n4ry" not in f"{raised.value} {logged}"
