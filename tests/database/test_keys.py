"""Keys of the database: what is stored of them, until when they are valid, and who may change
what."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from conftest import one_server
from rekindle.access import Actor, key_digest, new_key
from rekindle.errors import KeyNameTaken, NotFound
from rekindle.ports import Action, Entry, Grant
from rekindle.postgres import keys
from team.programme import Programme, open_programme

server = one_server
CI = Actor("key", "ci", "admin")
HERE, THERE = UUID(int=1), UUID(int=2)


def signed(action: Action) -> Entry:
    return Entry(action, CI)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as one:
        yield one


async def create(programme: Programme, name: str = "new", **grant: object) -> str:
    given = Grant(**{"name": name, "scope": "read", **grant})  # pyright: ignore[reportArgumentType]
    return (await keys.create(programme.database, given, signed("key.created"))).secret


async def actor(programme: Programme, secret: str) -> Actor | None:
    digest = key_digest(secret.encode())
    assert digest is not None
    found = await keys.known(programme.database, digest)
    return None if found is None else found.actor


def test_a_key_has_256_random_bits_after_a_prefix_and_nothing_else_is_looked_up() -> None:
    one, other = new_key(), new_key()
    assert one != other
    assert one.startswith("rekindle_")
    assert len(one) == len("rekindle_") + 43
    assert key_digest(one.encode()) == hashlib.sha256(one.encode()).digest()
    for text in (one[:-1], one + "a", one[9:], "", one.upper(), f" {one}", "rekindle_" + 43 * "é"):
        assert key_digest(text.encode()) is None


@pytest.mark.parametrize("organisations", [(), (HERE, THERE)], ids=["all", "some"])
async def test_a_key_is_the_actor_that_it_was_created_as(programme: Programme, organisations: tuple[UUID, ...]) -> None:
    secret = await create(programme, "on-call", scope="operate", organisations=organisations)
    limit = frozenset(organisations) if organisations else None
    assert await actor(programme, secret) == Actor("key", "on-call", "operate", limit)
    assert await actor(programme, new_key()) is None


async def test_no_table_has_the_key(programme: Programme) -> None:
    secret = await create(programme)
    for table in ("api_key", "audit"):
        (row,) = await programme.rows(f"select t::text as text from rekindle.{table} t")
        assert secret not in row["text"]
        assert secret.removeprefix("rekindle_") not in row["text"]
        assert secret.encode().hex() not in row["text"]


async def test_a_key_is_valid_until_its_time_is_over(programme: Programme) -> None:
    await programme.at(datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
    secret = await create(programme, expires_seconds=86_400)
    await programme.at(datetime(2026, 11, 27, 8, 59, 59, tzinfo=UTC))
    assert await actor(programme, secret) is not None
    assert await keys.usable(programme.database)
    await programme.at(datetime(2026, 11, 27, 9, 0, tzinfo=UTC))
    assert await actor(programme, secret) is None
    assert not await keys.usable(programme.database)


async def test_a_key_is_refused_from_the_moment_it_is_revoked_and_its_name_is_free(programme: Programme) -> None:
    secret = await create(programme)
    with pytest.raises(KeyNameTaken):
        await create(programme)
    assert await keys.revoke(programme.database, "new", signed("key.revoked"))
    assert await actor(programme, secret) is None
    assert not await keys.revoke(programme.database, "new", signed("key.revoked"))
    another = await create(programme)
    assert await actor(programme, another) is not None
    assert await actor(programme, secret) is None
    old, new = await keys.keys(programme.database)
    assert (old.revoked_by, new.revoked_by) == ("key ci", None)
    with pytest.raises(NotFound):
        await keys.revoke(programme.database, "nobody", signed("key.revoked"))


async def test_keys_are_audited_when_they_change_and_only_then(programme: Programme) -> None:
    await create(programme, scope="operate", organisations=[HERE], expires_seconds=60)
    with pytest.raises(KeyNameTaken):
        await create(programme)
    for _ in range(2):
        await keys.revoke(programme.database, "new", signed("key.revoked"))
    rows = await programme.rows("select actor, action, organisation_id, subject, details from rekindle.audit")
    (key,) = await keys.keys(programme.database)
    assert key.expires_at is not None
    assert key.expires_at - key.created_at == timedelta(minutes=1)
    details = {"scope": "operate", "organisations": [str(HERE)], "expires_at": key.expires_at.isoformat()}
    assert [tuple(row.values()) for row in rows] == [
        ("key ci", "key.created", HERE, "new", details),
        ("key ci", "key.revoked", None, "new", {}),
    ]


async def test_a_use_is_noted_once_a_minute_among_all_processes(programme: Programme) -> None:
    secret = await create(programme)
    digest = key_digest(secret.encode())
    assert digest is not None

    async def noted() -> datetime | None:
        (key,) = await keys.keys(programme.database)
        return key.last_used_at

    at = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    for seconds, shown in ((0, 0), (59, 0), (61, 61), (120, 61)):
        await programme.at(at + timedelta(seconds=seconds))
        found = await keys.known(programme.database, digest)
        assert found is not None
        assert found.unnoted == (seconds == shown)
        await keys.note_use(programme.database, digest)
        assert await noted() == at + timedelta(seconds=shown)


async def test_the_worker_can_neither_widen_a_key_nor_revive_one(programme: Programme) -> None:
    await create(programme)
    await keys.revoke(programme.database, "new", signed("key.revoked"))
    await create(programme, "valid")
    await programme.sql.execute("set role rekindle_worker")
    for statement in (
        "update rekindle.api_key set revoked_at = '2000-01-01', revoked_by = 'x' where name = 'valid'",
        "update rekindle.api_key set scope = 'admin'",
        "update rekindle.api_key set organisations = null",
        "update rekindle.api_key set expires_at = null",
        "update rekindle.api_key set digest = ''",
        "update rekindle.api_key set revoked_at = null, revoked_by = null",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await programme.sql.execute(statement.encode())


async def test_the_worker_can_delete_no_key_that_counts_and_none_that_ended_within_a_day(programme: Programme) -> None:
    start, day = datetime(2026, 11, 26, 9, 0, tzinfo=UTC), 86_400
    await programme.at(start)
    valid = [await create(programme, "endless"), await create(programme, "expires-later", expires_seconds=10 * day)]
    await create(programme, "expired", expires_seconds=day)
    await create(programme, "revoked", expires_seconds=10 * day)
    await programme.at(start + timedelta(days=1))
    await keys.revoke(programme.database, "revoked", signed("key.revoked"))

    async def deleted() -> set[str]:
        await programme.sql.execute("set role rekindle_worker")
        rows = await programme.rows("delete from rekindle.api_key returning name")
        await programme.sql.execute("reset role")
        return {row["name"] for row in rows}

    await programme.at(start + timedelta(days=2))
    assert await deleted() == set()
    await programme.at(start + timedelta(days=2, seconds=1))
    assert await deleted() == {"expired", "revoked"}
    assert [one.name for one in await keys.keys(programme.database)] == ["endless", "expires-later"]
    for secret in valid:
        assert await actor(programme, secret) is not None


async def test_pages_of_keys_follow_each_other_by_name_and_age(programme: Programme) -> None:
    for name in ("b", "a", "c"):
        await create(programme, name)
    await keys.revoke(programme.database, "b", signed("key.revoked"))
    await create(programme, "b")
    every = await keys.keys(programme.database)
    assert [one.name for one in every] == ["a", "b", "b", "c"]
    after = (every[1].name, every[1].created_at)
    assert await keys.keys(programme.database, limit=1, after=after) == every[2:3]
    assert await keys.keys(programme.database, name="b") == every[1:3]
