"""The end of a run's time, on this process's monotonic clock."""

import time
from dataclasses import dataclass

RECORD_SECONDS = 1.5
"""Kept back at the end of a run for writing the last answers and the report: a batch of 500
takes about 0.1 s."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """`ends` and `arm_until` are readings of `time.monotonic`, in seconds."""

    ends: float
    arm_until: float

    @classmethod
    def after(cls, budget_seconds: float, *, answer_seconds: float) -> "Deadline":
        """A budget that starts now. Nothing is armed that could not be answered and recorded
        before its end."""
        ends = time.monotonic() + budget_seconds
        return cls(ends, ends - answer_seconds - min(RECORD_SECONDS, budget_seconds * 0.1))

    def left(self) -> float:
        """Seconds until the end, never below a tenth of one."""
        return max(0.1, self.ends - time.monotonic())

    def wait_seconds(self) -> float:
        """How long to wait for an answer of the ledger: until the end, and always a second, for
        a last write."""
        return max(1.0, self.ends - time.monotonic())

    def may_arm(self) -> bool:
        """Whether a send that starts now can still be answered and recorded."""
        return time.monotonic() < self.arm_until
