"""The secret keys of the API that the environment of the server has."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Self

from rekindle.access import ENVIRONMENT_KEY, Actor
from rekindle.errors import ServerError
from rekindle.settings import Settings

_KEY = re.compile(r"[\x21-\x7e]{32,512}")


class EnvironmentKeys:
    """One key, or two while the first is being replaced. Stores only digests."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = [_digest(key.encode()) for key in keys]

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The keys from the environment, or None if there are none.

        Raises:
            ServerError: a key is too short to be a secret, or has characters that are not valid in
                a header.
        """
        named = {"REKINDLE_API_KEY": settings.api_key, "REKINDLE_API_KEY_NEXT": settings.api_key_next}
        keys = {name: key.get_secret_value() for name, key in named.items() if key is not None}
        for name, key in keys.items():
            if _KEY.fullmatch(key) is None:
                raise ServerError(
                    f"{name} is not a valid key: it needs 32 to 512 printable ASCII characters without spaces",
                    hint="Make one with `openssl rand -hex 32`.",
                )
        return cls(list(keys.values())) if keys else None

    async def actor(self, shown: bytes) -> Actor | None:
        """See `rekindle.api.access.Authenticator`. Compares every pair of digests completely, so
        the time reveals nothing about a key."""
        known = False
        for digest in self._digests:
            known |= hmac.compare_digest(_digest(shown), digest)
        return ENVIRONMENT_KEY if known else None

    async def of_digest(self, digest: bytes) -> Actor | None:
        """See `rekindle.api.access.KnowsDigests`."""
        known = False
        for own in self._digests:
            known |= hmac.compare_digest(digest, own)
        return ENVIRONMENT_KEY if known else None


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
