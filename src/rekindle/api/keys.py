"""The secret keys of the API."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Self

from rekindle.errors import ServerError
from rekindle.settings import Settings

_KEY = re.compile(r"[\x21-\x7e]{32,512}")


class Keys:
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

    def admit(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request has one of the keys, as `Authorization: Bearer` or as `apikey`, and no
        wrong one beside it.

        Compares every pair of digests completely, so the time reveals nothing about a key.
        """
        right = [self._knows(_digest(shown)) for shown in _shown(headers)]
        return bool(right) and all(right)

    def _knows(self, shown: bytes) -> bool:
        known = False
        for digest in self._digests:
            known |= hmac.compare_digest(shown, digest)
        return known


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _shown(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    for name, value in headers:
        if name == b"apikey":
            yield value
        elif name == b"authorization":  # of another scheme: no key, and so a wrong one
            yield value[7:].strip() if value[:7].lower() == b"bearer " else b""
