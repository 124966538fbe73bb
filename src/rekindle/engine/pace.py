"""How fast sends may start: a token bucket below a ceiling, a ramp at the beginning, and a brake
when the provider is overloaded."""

from dataclasses import dataclass, field

from rekindle.model import Outcome, Refused
from rekindle.policy import TokenBucket

FREE_START = 1_000
"""At most this many sends may start at once at the beginning of a run, so that the ramp does not
slow a small run."""

RAMP_SECONDS = 60.0
RAMP_FROM = 0.05
"""FCM asks senders to go from zero to their highest rate over at least one minute (its page
'scale-fcm')."""

SLOW_SECONDS = 0.5
"""FCM's own sign of overload: answers that take longer than this."""

_BRAKES_EVERY = 1.0
_RECOVERY_PER_SECOND = 1 / 60
_LOWEST = 1 / 1_024
_SMOOTHING = 0.05


@dataclass(slots=True)
class Pacer:
    """Says how many sends may start and when. One per run and provider project; all times are
    monotonic seconds.

    The rate is `ceiling` times the ramp's share times the brake. Each second with an answer 429
    halves the brake. Each second in which answers take more than half a second, and more than three
    times the best time seen, lowers the brake by a fifth. The brake recovers by a sixtieth per
    second.
    """

    ceiling: float
    ramp_seconds: float = RAMP_SECONDS
    _bucket: TokenBucket = field(init=False)
    _started: float | None = None
    _brake: float = 1.0
    _braked_at: float = float("-inf")
    _recovered_at: float = 0.0
    _latency: float | None = None
    _best_latency: float = float("inf")

    def __post_init__(self) -> None:
        burst = max(1.0, self.ceiling if not self.ramp_seconds else min(self.ceiling, FREE_START))
        self._bucket = TokenBucket(rate=self.ceiling, burst=burst)

    def rate(self, now: float) -> float:
        """Sends per second that may start now: at least one, or the ceiling if it is below one."""
        if self._started is None:
            self._started = self._recovered_at = now
        self._brake = min(1.0, self._brake + (now - self._recovered_at) * _RECOVERY_PER_SECOND)
        self._recovered_at = now
        share = 1.0
        if self.ramp_seconds:
            share = min(1.0, RAMP_FROM + (1 - RAMP_FROM) * (now - self._started) / self.ramp_seconds)
        return max(min(1.0, self.ceiling), self.ceiling * share * self._brake)

    def batch(self, room: int, now: float) -> int:
        """How many sends to prepare at once: those of half a second at the current rate, or what
        the bucket has if that is more, and at most `room`."""
        return max(1, min(room, max(int(self.rate(now) / 2), int(self._bucket.level(now)))))

    def take(self, count: int, now: float) -> float:
        """Take `count` sends and return the seconds to wait before they may start."""
        self._bucket.rate = self.rate(now)
        return self._bucket.take(count, now)

    def learn(self, outcome: Outcome, seconds: float, now: float) -> None:
        """Learn from one answer and how long it took."""
        if isinstance(outcome, Refused) and outcome.reason == "quota_exceeded":
            self._slow_down(0.5, now)
            return
        self._latency = seconds if self._latency is None else self._latency + _SMOOTHING * (seconds - self._latency)
        self._best_latency = min(self._best_latency, self._latency)
        if self._latency > max(SLOW_SECONDS, 3 * self._best_latency):
            self._slow_down(0.8, now)

    def _slow_down(self, factor: float, now: float) -> None:
        if now - self._braked_at >= _BRAKES_EVERY:
            self._braked_at = now
            self._brake = max(_LOWEST, self._brake * factor)
