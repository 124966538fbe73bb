"""To wait for what another process or another task does."""

import time
from collections.abc import Callable

WAIT_SECONDS = 90.0
"""The longest wait of a test: long enough on a machine that is ten times slower than usual, and
shorter than the time of a test."""


def until(condition: Callable[[], bool], what: str = "the condition", seconds: float = WAIT_SECONDS) -> float:
    """Wait until a condition is true, and return how many seconds that took.

    Raises:
        AssertionError: it was not true within `seconds`; the error says `what`.
    """
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds:g} s"
        time.sleep(0.005)
    return time.monotonic() - began
