"""The keys of the database, as credentials of a request."""

import asyncio

from rekindle.access import Actor, key_digest
from rekindle.app import Engine
from rekindle.errors import RekindleError
from rekindle.log import log


class DatabaseKeys:
    """Looks each key up, so that a key that was revoked is refused from the next request on.

    The lookup is by the digest, and only of texts that look like a key. The time that it takes may
    tell something about digests, which does not help to find a key.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._noting: dict[bytes, asyncio.Task[None]] = {}

    async def actor(self, shown: bytes) -> Actor | None:
        """See `rekindle.api.access.Authenticator`."""
        digest = key_digest(shown)
        return None if digest is None else await self.of_digest(digest)

    async def of_digest(self, digest: bytes) -> Actor | None:
        """See `rekindle.api.access.KnowsDigests`."""
        found = await self._engine.known_key(digest)
        if found is None:
            return None
        if found.unnoted and digest not in self._noting:
            self._noting[digest] = asyncio.create_task(self._note(digest))
        return found.actor

    async def ended(self) -> None:
        """Wait until the last uses are noted."""
        await asyncio.gather(*self._noting.values())

    async def _note(self, digest: bytes) -> None:
        """Note the use beside the request, which does not wait for it."""
        try:
            await self._engine.note_key_use(digest)
        except RekindleError as fault:
            log.warning("key.unnoted", code=fault.code)
        finally:
            del self._noting[digest]
