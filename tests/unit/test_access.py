"""What an actor may do, and which actor a request comes from."""

from uuid import UUID

import httpx
import pytest
from fastapi import Depends, FastAPI

from rekindle.access import SCOPES, UNIX_SOCKET, Actor, Scope
from rekindle.api.access import Access, require
from rekindle.api.middleware import Entrance
from rekindle.api.problems import problem
from rekindle.errors import DatabaseUnreachable, Forbidden, KeyRefused, NotFound, RekindleError

HERE, THERE = UUID(int=1), UUID(int=2)
ANNA = Actor("person", "anna@example.org", "operate", frozenset({HERE}))
CI = Actor("key", "ci", "admin")


class Known:
    """Knows some credentials."""

    def __init__(self, known: dict[bytes, Actor]) -> None:
        self._known = known

    async def actor(self, shown: bytes) -> Actor | None:
        return self._known.get(shown)


class Down:
    async def actor(self, shown: bytes) -> Actor | None:
        raise DatabaseUnreachable


ACCESS = Access([Known({b"a": ANNA}), Known({b"c": CI, b"c2": CI})])


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_includes_those_before_it(scope: Scope) -> None:
    actor = Actor("key", "x", scope)
    assert [one for one in SCOPES if actor.allows(one)] == list(SCOPES[: SCOPES.index(scope) + 1])


def test_a_limited_actor_sees_its_organisations_and_nothing_that_belongs_to_none() -> None:
    assert [ANNA.sees(one) for one in (HERE, THERE, None)] == [True, False, False]
    assert [CI.sees(one) for one in (HERE, THERE, None)] == [True, True, True]
    assert not Actor("key", "x", "read", frozenset()).sees(HERE)


def test_a_request_of_a_limited_actor_covers_its_organisations_or_those_of_them_that_it_names() -> None:
    both = Actor("key", "x", "operate", frozenset({HERE, THERE}))
    assert (ANNA.limit([]), ANNA.limit([HERE]), both.limit([]), both.limit([THERE])) == (
        (HERE,),
        (HERE,),
        (HERE, THERE),
        (THERE,),
    )
    assert (CI.limit([]), CI.limit([THERE])) == ((), (THERE,))
    for named in ([THERE], [HERE, THERE]):
        with pytest.raises(NotFound):
            ANNA.limit(named)


def test_a_request_of_an_actor_without_any_organisation_does_not_cover_all_of_them() -> None:
    with pytest.raises(Forbidden):
        Actor("person", "x", "operate", frozenset()).limit([])


def test_the_key_of_a_limited_actor_is_of_no_other_actor() -> None:
    a_b, a = (Actor("key", name, "operate", frozenset({HERE})) for name in ("a b", "a"))
    keys = [actor.own_key(key) for actor in (ANNA, CI, a_b, a) for key in ("c", "b-c")]
    assert len(set(keys)) == len(keys)
    assert CI.own_key("c") == UNIX_SOCKET.own_key("c") == "c"


def test_records_name_an_actor_by_its_kind_and_name() -> None:
    assert [one.label for one in (ANNA, CI, UNIX_SOCKET)] == ["person anna@example.org", "key ci", "unix socket"]


@pytest.mark.parametrize(
    ("headers", "actor"),
    [
        ([(b"apikey", b"a")], ANNA),
        ([(b"authorization", b"Bearer c")], CI),
        ([(b"authorization", b"bearer  c ")], CI),
        ([(b"authorization", b"Bearer c"), (b"apikey", b"c2")], CI),
        ([(b"authorization", b"Bearer a"), (b"apikey", b"c")], None),  # two actors
        ([(b"authorization", b"Bearer a"), (b"apikey", b"x")], None),
        ([(b"authorization", b"Basic a")], None),
        ([(b"apikey", b"")], None),
        ([], None),
    ],
)
async def test_every_credential_of_a_request_must_be_of_the_same_actor(
    headers: list[tuple[bytes, bytes]], actor: Actor | None
) -> None:
    if actor is None:
        with pytest.raises(KeyRefused):
            await ACCESS.admit(headers, [b"localhost"])
    else:
        assert await ACCESS.admit(headers, [b"localhost"]) == actor


async def test_a_database_that_does_not_answer_is_no_wrong_key() -> None:
    with pytest.raises(DatabaseUnreachable):
        await Access([Known({}), Down()]).admit([(b"apikey", b"x")], [])


async def test_without_a_credential_a_request_is_the_actor_of_the_place_and_a_wrong_one_is_still_refused() -> None:
    access = Access([Known({b"a": ANNA})], without=UNIX_SOCKET)
    assert await access.admit([], []) == UNIX_SOCKET
    assert await access.admit([(b"apikey", b"a")], []) == ANNA
    with pytest.raises(KeyRefused):
        await access.admit([(b"apikey", b"x")], [])


async def answer(actor: Actor, path: str) -> httpx.Response:
    api = FastAPI()

    async def told(found: Actor) -> str:
        return found.label

    for name, dependency in {"/read": require("read"), "/admin": require("admin", everywhere=True)}.items():

        async def route(found: Actor = Depends(dependency)) -> str:  # noqa: B008
            return await told(found)

        api.get(name)(route)

    async def refused(_: object, fault: RekindleError) -> object:
        return problem(fault)

    api.exception_handler(RekindleError)(refused)
    entrance = Entrance(api, Access([Known({b"k": actor})]), free=())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://127.0.0.1") as client:
        return await client.get(path, headers={"apikey": "k"})


@pytest.mark.parametrize(
    ("actor", "path", "status", "detail"),
    [
        (CI, "/admin", 200, ""),
        (ANNA, "/read", 200, ""),
        (ANNA, "/admin", 403, "this needs the scope admin, and person anna@example.org has operate"),
        (
            Actor("key", "x", "admin", frozenset({HERE})),
            "/admin",
            403,
            "this concerns every organisation, and key x is limited to some",
        ),
    ],
    ids=["admin", "read", "scope", "limited"],
)
async def test_a_route_is_refused_to_an_actor_that_lacks_its_scope_or_is_limited(
    actor: Actor, path: str, status: int, detail: str
) -> None:
    told = await answer(actor, path)
    assert told.status_code == status
    assert told.json() == actor.label if status == 200 else told.json()["detail"] == detail
    assert status == 200 or told.json()["code"] == "RK712"
