"""Which actor a request comes from, and what it may do.

`Entrance` asks `Access` once per request, before anything else is read, and puts the actor into the
state of the request. A route names what it needs: `Annotated[Actor, Depends(require("read"))]`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fastapi import Request

from rekindle.access import Actor, Scope
from rekindle.api.address import names_loopback
from rekindle.api.rates import REQUESTS_PER_MINUTE, WRONG_PER_MINUTE, Guesses, Rate, too_many
from rekindle.errors import Forbidden, KeyRefused, TokenRefused

Headers = Iterable[tuple[bytes, bytes]]


class Authenticator(Protocol):
    """Knows the actors behind one kind of credential: keys of the environment, keys of the
    database, tokens of a sign-in."""

    async def actor(self, shown: bytes) -> Actor | None:
        """The actor whose credential this is. None: it is not one of this kind, is unknown, has
        expired or was revoked; the answer does not tell which.

        It takes the same time for every wrong credential, as far as a client can measure.

        Raises:
            RekindleError: it cannot be known now, for example because the database does not answer.
        """
        ...


@runtime_checkable
class KnowsDigests(Protocol):
    """Knows the actors of keys by the SHA-256 of a key, too."""

    async def of_digest(self, digest: bytes) -> Actor | None:
        """The actor of this key; None: there is none, it has expired or was revoked."""
        ...


class Access:
    """Finds the actor of each request.

    Args:
        authenticators: asked in order; the first that knows a credential wins.
        without: the actor of a request that shows no credential; None: such a request is refused.
        loopback_only: a request without a credential must name this machine as its host; see
            `rekindle.api.address.names_loopback`.
        requests_per_minute: how many requests each key of the database and each person may send.
    """

    def __init__(
        self,
        authenticators: Sequence[Authenticator] = (),
        *,
        without: Actor | None = None,
        loopback_only: bool = False,
        requests_per_minute: int = REQUESTS_PER_MINUTE,
    ) -> None:
        self._authenticators = authenticators
        self._without = without
        self._loopback_only = loopback_only
        self._requests = Rate(requests_per_minute)
        self._guesses = Guesses(Rate(WRONG_PER_MINUTE))

    async def admit(self, headers: Headers, hosts: Sequence[bytes]) -> Actor:
        """The actor of a request. Every credential that it shows must be a valid one of the same
        actor.

        Raises:
            KeyRefused: it shows none, or a wrong one.
            TooManyRequests: the actor, or everybody with wrong credentials, has sent too many.
            RekindleError: it cannot be known now.
        """
        shown = list(credentials(headers))
        if shown:
            found = {await self._checked(one) for one in shown}
            actor = found.pop() if len(found) == 1 else None
        else:
            actor = self._without if self._may_be_without(hosts) else None
        if actor is None:
            raise KeyRefused
        if actor.kind in ("key", "person"):
            self._count(actor)
        return actor

    async def known(self, digest: bytes) -> Actor:
        """The actor of a key that was shown before, by its digest.

        Raises:
            KeyRefused: the key has expired, was revoked, or is not one of this server any more.
            TooManyRequests: as `admit`.
        """
        for one in self._authenticators:
            if isinstance(one, KnowsDigests) and (actor := await one.of_digest(digest)):
                if actor.kind in ("key", "person"):
                    self._count(actor)
                return actor
        raise KeyRefused

    def counted(self, person: Actor) -> Actor:
        """A person who has signed in before, and sends one more request.

        Raises:
            TooManyRequests: as `admit`.
        """
        self._count(person)
        return person

    def _count(self, actor: Actor) -> None:
        if wait_seconds := self._requests.wait_seconds(actor.label):  # mutant: requests
            raise too_many(f"{actor.label} has sent too many requests", wait_seconds)
        self._requests.spend(actor.label)

    async def _checked(self, shown: bytes) -> Actor | None:
        self._guesses.admit(shown)
        try:
            actor = await self._actor(shown)
        except TokenRefused:
            self._guesses.checked(shown, right=False)
            raise
        self._guesses.checked(shown, right=actor is not None)
        return actor

    async def _actor(self, shown: bytes) -> Actor | None:
        for authenticator in self._authenticators:
            if actor := await authenticator.actor(shown):
                return actor
        return None

    def _may_be_without(self, hosts: Sequence[bytes]) -> bool:
        return not self._loopback_only or (bool(hosts) and all(names_loopback(host) for host in hosts))


def credentials(headers: Headers) -> Iterable[bytes]:
    """What a request shows as `apikey` or as `Authorization: Bearer`. Another scheme counts
    as a wrong key."""
    for name, value in headers:
        if name == b"apikey":
            yield value
        elif name == b"authorization":
            yield value[7:].strip() if value[:7].lower() == b"bearer " else b""


@dataclass(frozen=True, slots=True)
class Required:
    """What a route needs; see `require`. The OpenAPI document says it, too."""

    scope: Scope
    everywhere: bool

    async def __call__(self, request: Request) -> Actor:
        """The actor of the request.

        Raises:
            Forbidden: it may not do this.
        """
        actor: Actor = request.state.actor
        if not actor.allows(self.scope):
            raise Forbidden(f"this needs the scope {self.scope}, and {actor.label} has {actor.scope}")
        if self.everywhere and not actor.unlimited:  # mutant: everywhere
            raise Forbidden(f"this concerns every organisation, and {actor.label} is limited to some")
        return actor


def require(scope: Scope, *, everywhere: bool = False) -> Required:
    """A dependency of a route: the actor of the request, which has this scope.

    Args:
        everywhere: the route concerns the whole installation, so an actor that is limited to
            organisations is refused.
    """
    return Required(scope, everywhere)
