"""Arithmetic for time, keys and pace. Pure functions: the clock always comes from the caller."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")

TICK = "tick:"
"""How the key of a run begins that a schedule began. tick_begin.sql builds such keys."""

CONFIRM = "confirm:"
"""How the key of a run begins that confirms another one, whose id follows."""

CONFIRM_SECONDS = 86_400.0
"""How long after its end a run may be confirmed: the guard counts claims of 24 hours."""

MAX_DURATION_SECONDS = 10 * 366 * 86_400

HOLD_SECONDS = 600
"""How long an uncertain send waits in the outbox for a late answer before it is closed as unknown.
It must exceed the longest pause after which a worker could still have an answer. A later answer is
recorded all the same."""

STALE_SECONDS = 270 * 86_400
"""After this time without a connection, FCM lets the registration of an Android device expire.
Source: firebase.google.com/docs/cloud-messaging/manage-tokens."""

REFUSED_COOLDOWN_SECONDS = 3_600
"""After a claim ended with nothing sent (dead, skipped), the gate opens again after at most this
time. It is short enough to reach a person whose device comes back, and long enough that a broken
text is not tried in a tight loop."""

SEEN_EVERY_SECONDS = 10.0
"""How often a run renews its lease."""

LOST_SECONDS = 30.0
"""A run that has not renewed its lease for this time is lost: its process has ended, or is paused.
Another run may begin again under its key. It must exceed SEEN_EVERY_SECONDS by the longest silence
of a network that a run survives (15 s)."""

RETRY_SECONDS = 60.0
"""FCM's own advice when a rejection names no time: wait at least a minute (its pages 'scale-fcm'
and 'ErrorCode')."""

BURST_SECONDS = 1.0
"""The sends of one second may start at once, of all runs that share a limit together; at least
one send."""

MAX_RETRY_SECONDS = 3_600.0
"""A longer Retry-After is cut to this. The relevance deadline decides whether a unit lives that
long."""

MAX_ATTEMPTS = 8
"""A unit that was certainly rejected this many times is dead: with a wait of one minute each, the
provider has had enough time."""


def valid_key(text: str) -> str:
    """The name of a run, as its caller gives it.

    Raises:
        ValueError: it is not 1 to 255 printable ASCII characters without blanks, or it begins with
            the name of a tick or of a confirmation.
    """
    if _KEY.fullmatch(text) is None:
        raise ValueError("a key has 1 to 255 printable ASCII characters and no blanks")
    if text.startswith(TICK):
        raise ValueError(f"a key must not begin with {TICK}, which names the ticks of the schedules")
    if text.startswith(CONFIRM):  # mutant: key-of-a-confirmation
        raise ValueError(f"a key must not begin with {CONFIRM}, which names the confirmations of runs")
    return text


def request_digest(
    *,
    scenarios: Sequence[str] = (),
    organisations: Sequence[UUID] = (),
    user_id: UUID | None = None,
    budget_seconds: float | None = None,
    confirmed: int = 0,
) -> str:
    """Lower-case hexadecimal SHA-256, equal for two requests that ask for the same run, in any
    order of their lists."""
    asked = {
        "scenarios": sorted(set(scenarios)),
        "organisations": sorted({str(one) for one in organisations}),
        "budget_seconds": budget_seconds,
        "confirmed": confirmed,
        **({} if user_id is None else {"user_id": str(user_id)}),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def parse_duration(text: str) -> int:
    """Seconds of a duration such as 30s, 15m, 36h or 14d; a day is 86,400 s.

    Raises:
        ValueError: it is not a positive whole number with one of the units s, m, h, d, or it is
            over ten years.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("is not a duration; write a whole number and s, m, h or d, such as 36h or 14d")
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]]
    if not 0 < seconds <= MAX_DURATION_SECONDS:
        raise ValueError("is out of range; a duration is more than zero and at most ten years")
    return seconds


def duration(seconds: int) -> str:
    """The shortest text that `parse_duration` reads as these seconds, such as 22h."""
    unit = next(unit for unit in "dhms" if seconds % _UNIT_SECONDS[unit] == 0)
    return f"{seconds // _UNIT_SECONDS[unit]}{unit}"


def parse_days(text: str) -> int:
    """Whole local calendar days of a duration such as 14d.

    Raises:
        ValueError: the unit is not d, or the number is out of range.
    """
    seconds = parse_duration(text)
    if not text.strip().endswith("d"):
        raise ValueError("is not in days; this is counted in local calendar days, so write it as 14d")
    return seconds // 86_400


def idempotency_key(user_id: UUID, scenario_type: str, evaluated_on: date, occurrence: str | None = None) -> str:
    """Lower-case hex SHA-256 of user_id + scenario_type + iso_date, without separators. For a
    scenario with `key = "occurrence"`, a colon and the occurrence follow.

    The same function exists in SQL (`rekindle.idempotency_key`), and a test compares the two. A
    program in another language that hashes the same string gets the same key. `evaluated_on` is the
    UTC date of the evaluation.
    """
    of_occurrence = "" if occurrence is None else f":{occurrence}"
    return hashlib.sha256(f"{user_id}{scenario_type}{evaluated_on.isoformat()}{of_occurrence}".encode()).hexdigest()


_SPACES = UUID("b1d3f0a4-6c52-4e0e-9d7a-2f5c8e417a90")


def stable_uuid(space: str, id: str | int) -> UUID:  # noqa: A002
    """The UUID of something that is known by another id: always the same for the same space and id.

    The same function exists in SQL (`rekindle.stable_uuid`), and a test compares the two. A number
    counts as its digits. Case, blanks and every other byte matter.

    Args:
        space: the name of the set of ids, such as `people`.
        id: the id in that set.

    Returns:
        A UUID of version 8 by SHA-256 (RFC 9562, appendix B.2), in the namespace of the space.
    """
    return _named(_named(_SPACES, space), str(id))  # mutant: space-of-an-id


def _named(namespace: UUID, name: str) -> UUID:
    digest = bytearray(hashlib.sha256(namespace.bytes + name.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))


def retry_delay(retry_after: float | None, *, jitter: float) -> float:
    """Seconds until a unit that was certainly rejected may be tried again.

    Args:
        retry_after: what the provider asked for, in seconds; None if it named no time.
        jitter: a random number in [0, 1). Up to a quarter is added, so that rejected units do not
            all come back at once.
    """
    asked = RETRY_SECONDS if retry_after is None or retry_after <= 0 else min(retry_after, MAX_RETRY_SECONDS)
    return asked * (1 + 0.25 * jitter)


@dataclass(frozen=True, slots=True)
class Guard:
    """How many people a scenario may claim within 24 hours before somebody must confirm it.

    A claim is held back if both of these are true. First, the scenario comes to more than `floor`
    people, with those that it claimed in the last 24 hours. Second, all scenarios together come to
    more than `max_share` of the active recipients, or this scenario comes to more than
    `max_times_median` times its median day. Up to `confirmed` people per run are allowed past the
    guard. A limit that is None does not apply.
    """

    max_share: float | None = 0.25
    max_times_median: float | None = 5.0
    floor: int = 100
    confirmed: int = 0

    @property
    def watches(self) -> bool:
        """Whether the guard has any limit to apply."""
        return self.max_share is not None or self.max_times_median is not None


@dataclass(frozen=True, slots=True)
class Retention:
    """How many seconds the ledger keeps each kind of row that nothing needs any more.

    `notification` includes deliveries, and `run` the numbers of its scenarios. `gate` counts from
    the moment at which the gate opened, and `enrolment` from that at which the trial was over.
    `spent` of None: for ever.
    """

    notification: int
    outcome: int
    run: int
    gate: int
    disabled_token: int
    audit: int
    api_key: int
    enrolment: int = 397 * 86_400
    spent: int | None = None


GUARDED = Guard()
UNGUARDED = Guard(max_share=None, max_times_median=None)

MEDIAN_DAYS = 28
"""How many past days of a scenario the guard looks at: four of each weekday."""

MEDIAN_LEAST_DAYS = 3
"""With fewer days than this on which the scenario claimed somebody, there is no usual number yet,
and only the share applies."""


def parse_share(text: str) -> float | None:
    """The share that a percentage such as 25% means, or None for the word none.

    Raises:
        ValueError: it is neither, or it is not over 0% and at most 100%.
    """
    if text == "none":
        return None
    match = _SHARE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError("is not a valid share; write a percentage such as 25%, or none")
    return float(match[1]) / 100


@dataclass(slots=True)
class TokenBucket:
    """Lets `rate` units per second pass, with bursts of at most `burst`. Not shared between
    processes.

    The caller passes the time of a monotonic clock in seconds. `take` never waits itself; it
    returns how long to wait.
    """

    rate: float
    burst: float
    _level: float = 0.0
    _at: float = float("-inf")

    def level(self, now: float) -> float:
        """How many units can be taken without waiting; below zero while units taken earlier still
        wait."""
        if self._at == float("-inf"):
            self._level = self.burst
        else:
            self._level = min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now
        return self._level

    def take(self, count: int, now: float) -> float:
        """Take `count` units and return the seconds to wait before using them (0.0: at once)."""
        self._level = self.level(now) - count
        return max(0.0, -self._level / self.rate)
