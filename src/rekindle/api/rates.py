"""How many requests a key or a person may send, and how many wrong credentials are checked. Each
process counts by itself, in bounded memory."""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from rekindle.errors import TooManyRequests

REQUESTS_PER_MINUTE = 600
WRONG_PER_MINUTE = 300
_MOST_NAMES = 10_000


class Rate:
    """A budget per name: a minute's worth at once, then one whenever its share of the minute has
    passed. It keeps one number per name: when the name will have its whole budget again.

    Of more than 10,000 names, the one that was used longest ago gets its whole budget back.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = 60.0 / per_minute
        self._clock = clock
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def wait_seconds(self, name: str = "") -> float:
        """How long until the name may spend one more; 0: now."""
        whole_at = self._whole_at.get(name, 0.0)
        return max(0.0, whole_at + self._share - 60.0 - self._clock())

    def spend(self, name: str = "") -> None:
        """Count one."""
        self._whole_at[name] = max(self._whole_at.get(name, 0.0), self._clock()) + self._share
        self._whole_at.move_to_end(name)
        if len(self._whole_at) > _MOST_NAMES:
            self._whole_at.popitem(last=False)


class Guesses:
    """Limits how many different wrong credentials are checked. A credential that was checked
    before, right or wrong, is always checked: neither a guesser nor a client with an old key keeps
    the others out."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._checked: OrderedDict[bytes, None] = OrderedDict()

    def admit(self, shown: bytes) -> None:
        """Allow that this credential is checked.

        Raises:
            TooManyRequests: too many wrong ones were checked, and this one is new.
        """
        wait_seconds = 0.0 if _digest(shown) in self._checked else self._rate.wait_seconds()
        if wait_seconds:  # mutant: guesses
            raise too_many("too many wrong keys were sent, and this one is new here", wait_seconds)

    def checked(self, shown: bytes, *, right: bool) -> None:
        """Remember that it was checked."""
        digest = _digest(shown)
        if not right and digest not in self._checked:
            self._rate.spend()
        self._checked[digest] = None
        self._checked.move_to_end(digest)
        if len(self._checked) > _MOST_NAMES:
            self._checked.popitem(last=False)


def too_many(message: str, wait_seconds: float) -> TooManyRequests:
    """The error that says how long to wait."""
    return TooManyRequests(message, retry_seconds=math.ceil(wait_seconds))


def _digest(shown: bytes) -> bytes:
    return hashlib.sha256(shown).digest()
