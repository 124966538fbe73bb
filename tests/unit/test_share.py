"""A scenario's share of a run's time."""

import pytest

from rekindle.engine.claim import LEAST_SHARE_SECONDS, share_seconds
from rekindle.engine.deadline import Deadline


@pytest.mark.parametrize(
    ("budget", "waiting", "passed_over", "share"),
    [
        (100, 1, False, 45),
        (100, 4, False, 18),
        (100, 4, True, 45),
        (100, 200, False, LEAST_SHARE_SECONDS),
        (3, 200, False, 1.35),
        (3, 200, True, 1.35),
    ],
)
def test_a_scenario_has_an_equal_share_or_two_seconds_and_never_more_than_half(
    budget: float, waiting: int, passed_over: bool, share: float
) -> None:
    deadline = Deadline.after(budget, answer_seconds=0.1 * budget - min(1.5, budget * 0.1))
    assert share_seconds(deadline, waiting, passed_over=passed_over) == pytest.approx(share, rel=0.02)
