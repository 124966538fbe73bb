"""Who may do what: an actor, its scope, and the organisations that it is limited to. Pure."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from rekindle.errors import Forbidden, NotFound

Scope = Literal["read", "operate", "admin"]
"""What an actor may do. Each scope includes the one before it."""

SCOPES: tuple[Scope, ...] = ("read", "operate", "admin")


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program that asks for something.

    Args:
        kind: how it is known: by the login of the database, by the environment of the server, by a
            key in the database, or by the sign-in of a person.
        name: the name of the login, key or person. One line.
        organisations: the only organisations that it sees; None: all of them.
    """

    kind: Literal["login", "environment", "key", "person"]
    name: str
    scope: Scope
    organisations: frozenset[UUID] | None = None

    @property
    def label(self) -> str:
        """How records name it, such as `key ci`."""
        return self.name if self.kind == "environment" else f"{self.kind} {self.name}"

    @property
    def unlimited(self) -> bool:
        """Whether it sees every organisation, and what concerns the whole installation."""
        return self.organisations is None

    def allows(self, scope: Scope) -> bool:
        """Whether it may do what needs this scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)  # mutant: scope

    def sees(self, organisation_id: UUID | None) -> bool:
        """Whether it sees what belongs to an organisation. Only an unlimited actor sees what
        belongs to none."""
        return self.organisations is None or organisation_id in self.organisations  # mutant: organisation

    def limit(self, named: Sequence[UUID]) -> tuple[UUID, ...]:
        """The organisations that its request covers: those it names, or else all that it is limited
        to. Empty: every organisation.

        Raises:
            NotFound: it names one that it does not see.
            Forbidden: it sees no organisation at all.
        """
        if self.organisations is None:
            return tuple(named)
        if not self.organisations:  # an empty selection would be that of every organisation
            raise Forbidden(f"{self.label} is limited to organisations, and has none")
        if not all(self.sees(one) for one in named):  # mutant: named-organisation
            raise NotFound
        return tuple(named) or tuple(sorted(self.organisations))  # mutant: own-organisations

    def own_key(self, key: str) -> str:
        """The idempotency key of its request, as the ledger has it.

        Actors that see everything share one list of keys, with the command line. Each limited actor
        has a separate list: it can neither get the run of another actor by its key, nor take that
        key first. A key has no blank, so no key of one list is one of another.
        """
        return key if self.organisations is None else f"{self.label} {key}"  # mutant: key-of-an-actor


_KEY = re.compile(rb"rekindle_[A-Za-z0-9_-]{43}")
_KEY_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def new_key() -> str:
    """A new secret key: 256 random bits, after a prefix by which people and scanners for secrets
    recognise it."""
    return f"rekindle_{secrets.token_urlsafe(32)}"


def key_digest(key: bytes) -> bytes | None:
    """The SHA-256 of a key, by which the database knows it; None if `new_key` never makes such a
    text. A plain digest is enough, because a key of 256 random bits cannot be guessed."""
    return hashlib.sha256(key).digest() if _KEY.fullmatch(key) else None


def valid_key_name(text: str) -> str:
    """The name of a key.

    Raises:
        ValueError: it is not valid.
    """
    if _KEY_NAME.fullmatch(text) is None:
        raise ValueError("the name of a key has 1 to 63 of a-z, 0-9, `.`, `_`, `-`, and begins with a letter or digit")
    return text


ENVIRONMENT_KEY = Actor("environment", "environment key", "admin")
"""A request with a key from the environment of the server."""

UNIX_SOCKET = Actor("environment", "unix socket", "admin")
"""A request without a key on a Unix socket, which only the server's own user may open."""

LOOPBACK = Actor("environment", "loopback", "admin")
"""A request without a key on a loopback address, after `--insecure-loopback`."""
