"""Nothing is armed that could not be answered and recorded before the budget is over."""

import time

import pytest

from rekindle.engine.deadline import RECORD_SECONDS, Deadline


@pytest.mark.parametrize(
    ("budget", "answer", "kept_back"),
    [(30.0, 10.0, 10.0 + RECORD_SECONDS), (30.0, 0.0, RECORD_SECONDS), (10.0, 4.0, 4.0 + 1.0), (1.0, 0.4, 0.4 + 0.1)],
)
def test_arming_ends_early_enough_for_the_last_answer_and_its_record(
    budget: float, answer: float, kept_back: float
) -> None:
    before = time.monotonic()
    deadline = Deadline.after(budget, answer_seconds=answer)
    assert before + budget <= deadline.ends <= time.monotonic() + budget
    assert deadline.ends - deadline.arm_until == pytest.approx(kept_back)


def test_arming_is_allowed_until_its_time_and_not_after() -> None:
    now = time.monotonic()
    assert Deadline(ends=now + 60, arm_until=now + 30).may_arm()
    assert not Deadline(ends=now + 60, arm_until=now - 0.001).may_arm()


def test_the_remaining_time_is_never_zero_so_that_a_last_write_can_be_tried() -> None:
    now = time.monotonic()
    assert Deadline(ends=now - 100, arm_until=now - 100).left() == 0.1
    assert Deadline(ends=now + 60, arm_until=now).left() == pytest.approx(60, abs=1)
