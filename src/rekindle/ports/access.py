"""The keys of the HTTP API that the database knows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from rekindle.access import Actor, Scope


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key is to allow.

    Args:
        organisations: empty: all.
        expires_seconds: how long from now it is valid; None: until it is revoked.
    """

    name: str
    scope: Scope
    organisations: tuple[UUID, ...] = ()
    expires_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret. `organisations` is empty if it is not limited to any.
    `last_used_at` is up to a minute late."""

    name: str
    scope: Scope
    organisations: tuple[UUID, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """What it is at this moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.expires_at is None or self.expires_at > now else "expired"

    def grants(self, grant: Grant) -> bool:
        """Whether it is as the grant says."""
        lifetime = None if self.expires_at is None else (self.expires_at - self.created_at).total_seconds()
        return (self.name, self.scope, set(self.organisations), lifetime) == (
            grant.name,
            grant.scope,
            set(grant.organisations),
            grant.expires_seconds,
        )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just created. Its secret is kept nowhere else."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """The actor behind a key that is valid now. `unnoted`: its last use is not noted yet."""

    actor: Actor
    unnoted: bool
