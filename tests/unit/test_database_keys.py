"""A key of the database whose last use cannot be written."""

from types import SimpleNamespace
from typing import Any, cast

from rekindle.access import UNIX_SOCKET, new_key
from rekindle.api.database_keys import DatabaseKeys
from rekindle.errors import DatabaseUnreachable
from rekindle.ports import KnownKey


async def test_a_key_whose_use_cannot_be_noted_is_admitted_all_the_same_with_a_warning(
    logged: list[dict[str, Any]],
) -> None:
    async def known_key(digest: bytes) -> KnownKey:
        return KnownKey(UNIX_SOCKET, unnoted=True)

    async def note_key_use(digest: bytes) -> None:
        raise DatabaseUnreachable

    keys = DatabaseKeys(cast("Any", SimpleNamespace(known_key=known_key, note_key_use=note_key_use)))
    assert await keys.actor(new_key().encode()) == UNIX_SOCKET
    await keys.ended()
    assert logged == [{"event": "key.unnoted", "log_level": "warning", "code": "RK201"}]
