"""The end of a run's time, on this process's monotonic clock."""

import time
from dataclasses import dataclass

RECORD_SECONDS = 1.5
"""Reserved at the end of a run for writing the last answers and the report: a batch of 500 takes
about 0.1 s."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """`ends` and `arm_until` are readings of `time.monotonic`, in seconds."""

    ends: float
    arm_until: float

    @classmethod
    def after(cls, budget_seconds: float, *, answer_seconds: float) -> "Deadline":
        """A budget that starts now. Nothing is armed unless it can be answered and recorded before
        the budget ends."""
        ends = time.monotonic() + budget_seconds
        return cls(ends, ends - answer_seconds - min(RECORD_SECONDS, budget_seconds * 0.1))

    def within(self, seconds: float) -> "Deadline":
        """An earlier end, at most this many seconds from now."""
        return Deadline(min(self.ends, time.monotonic() + seconds), self.arm_until)

    def left(self) -> float:
        """Seconds until the end, at least 0.1."""
        return max(0.1, self.ends - time.monotonic())

    def wait_seconds(self) -> float:
        """How long to wait for the ledger's answer: until the end, and at least one second, so that
        a last write is possible."""
        return max(1.0, self.ends - time.monotonic())

    def may_arm(self) -> bool:
        """Whether a send that starts now can still be answered and recorded."""
        return time.monotonic() < self.arm_until
