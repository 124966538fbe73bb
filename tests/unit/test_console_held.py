"""What the guard held back in a run, as the report keeps it and as the pages show it."""

from datetime import UTC, datetime

import pytest

from rekindle.console.held import Held, Limit, held_now
from rekindle.engine.guard import together
from rekindle.policy import Guard
from rekindle.postgres.guard import Claim, Weighed, held

GUARD = Guard(max_share=0.25, max_times_median=4.0, floor=10)
WEIGHED = Weighed(datetime(2026, 11, 25, tzinfo=UTC), 0, 0, 0, 14, 5.0, 1_190, 20)


def claim(name: str, people: int, *, limited: bool = False) -> Claim:
    return Claim(name, (name,), people, 4_760, limited=limited)


@pytest.mark.parametrize(
    ("own", "total", "limits"),
    [
        (1_310, 1_440, [Limit(1_440, 1_190, 4_760), Limit(1_310, 20, None, 5.0)]),
        (1_310, 1_000, [Limit(1_310, 20, None, 5.0)]),
    ],
)
def test_the_figures_are_those_that_the_guard_compared(own: int, total: int, limits: list[Limit]) -> None:
    fault = held(claim("inactivity", 1_310), GUARD, WEIGHED, own, total)
    assert held_now([fault]) == [Held("inactivity", 1_310, 4_760, limits)]


def test_a_run_that_was_limited_has_no_figures_of_everybody() -> None:
    fault = held(claim("inactivity", 131, limited=True), GUARD, WEIGHED, 131, 1_440)
    assert held_now([fault]) == [Held("inactivity", 131, None, [])]


def test_several_scenarios_have_their_own_figures() -> None:
    faults = [held(claim(name, people), GUARD, WEIGHED, people, 1_440) for name, people in (("a", 100), ("b", 31))]
    fault = together(faults)
    assert fault is not None
    shown = [(one.scenario, one.people, len(one.limits)) for one in held_now(fault.each)]
    assert shown == [("a", 100, 2), ("b", 31, 2)]
