"""The part of the engine that knows the keys of the HTTP API, and reads the audit."""

from collections.abc import Sequence
from datetime import datetime

from rekindle.app.base import Base
from rekindle.ports import ApiKey, Audited, Filter, Grant, KnownKey, NewKey
from rekindle.postgres import keys
from rekindle.postgres.audit import audited


class Access(Base):
    """Creates and revokes keys, finds the actor behind one, and shows what actors have changed."""

    async def create_key(self, grant: Grant) -> NewKey:
        """Create a key. Its secret is shown once: the database has only its digest.

        Raises:
            KeyNameTaken: there is a key of that name that was not revoked; nothing has changed.
        """
        return await keys.create(self._database, grant, self._entry("key.created"))

    async def revoke_key(self, name: str) -> bool:
        """Revoke the key of that name: no request after this is answered with it. Returns False if
        it was revoked before.

        Raises:
            NotFound: there never was such a key.
        """
        return await keys.revoke(self._database, name, self._entry("key.revoked"))

    async def keys(
        self, *, name: str | None = None, limit: int | None = None, after: tuple[str, datetime] | None = None
    ) -> list[ApiKey]:
        """Every key that was ever created, or those of one name, by name and then by age."""
        return await keys.keys(self._database, name=name, limit=limit, after=after)

    async def usable_keys(self) -> bool:
        """Whether there is a key that is valid now."""
        return await keys.usable(self._database)

    async def known_key(self, digest: bytes) -> KnownKey | None:
        """The actor of the key with this digest; None if no valid key has it."""
        return await keys.known(self._database, digest)

    async def note_key_use(self, digest: bytes) -> None:
        """Note that the key is used now, at most once a minute."""
        await keys.note_use(self._database, digest)

    async def audit_page(self, asked: Filter) -> Sequence[Audited]:
        """The part of the audit that is asked for by time, newest first. The key of a row is its
        `audit_id`."""
        return await audited(self._database, asked)
