"""The pacer: how many sends may start, and when. Its clock is the caller's, so every test says
what time it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.engine.pace import FREE_START, RAMP_FROM, Pacer
from rekindle.errors import Disposition
from rekindle.model import Accepted, Outcome, Refused, Uncertain

QUOTA = Refused(Disposition.RETRY, "quota_exceeded", retry_after=60.0)
OK = Accepted("projects/p/messages/1")


def drive(pacer: Pacer, seconds: float, *, room: int = 500, now: float = 0.0) -> list[tuple[float, int]]:
    """Send as dispatch does: a batch, its wait, the next batch. Return (start, count) of each."""
    sends: list[tuple[float, int]] = []
    ends = now + seconds
    while now < ends:
        count = pacer.batch(room, now)
        now += pacer.take(count, now)
        if now < ends:
            sends.append((now, count))
            now += 0.001
    return sends


def sent(sends: list[tuple[float, int]], begin: float, end: float) -> int:
    return sum(count for at, count in sends if begin <= at < end)


def test_the_ramp_does_not_slow_a_small_run() -> None:
    pacer = Pacer(10_000.0)
    taken = 0
    while taken < FREE_START:
        count = pacer.batch(500, 0.0)
        assert pacer.take(count, 0.0) == 0.0
        taken += count
    assert taken == FREE_START
    assert pacer.take(1, 0.0) > 0.0


def test_a_large_run_ramps_up_over_a_minute_to_its_ceiling() -> None:
    pacer = Pacer(10_000.0)
    sends = drive(pacer, 120.0, room=1_000)
    first = sent(sends, 1.0, 2.0)
    assert 10_000 * RAMP_FROM * 0.8 <= first <= 10_000 * RAMP_FROM * 1.5
    rates = [sent(sends, second, second + 10) / 10 for second in (5, 15, 25, 35, 45, 55)]
    assert rates == sorted(rates)
    assert sent(sends, 70.0, 110.0) / 40 == pytest.approx(10_000, rel=0.01)
    # In the first minute at most the ramp's area plus the free start.
    assert sent(sends, 0.0, 60.0) <= FREE_START + 10_000 * 60 * (RAMP_FROM + (1 - RAMP_FROM) / 2) * 1.01


def test_without_a_ramp_the_ceiling_applies_at_once() -> None:
    sends = drive(Pacer(100.0, ramp_seconds=0.0), 10.0)
    assert sent(sends, 0.0, 10.0) == pytest.approx(100 + 1_000, abs=60)
    assert sent(sends, 2.0, 8.0) == pytest.approx(600, abs=60)


@pytest.mark.parametrize(("per_minute", "expected"), [(60, 31), (120, 32), (6, 4), (1, 1)])
def test_a_low_rate_is_neither_starved_nor_exceeded(per_minute: int, expected: int) -> None:
    """In thirty seconds: one at once, then one every 60/per_minute seconds; there is no ramp
    below one per second."""
    pacer = Pacer(per_minute / 60)
    total = sent(drive(pacer, 30.5), 0.0, 30.5)
    assert total >= expected
    assert total <= max(1, per_minute / 60) + per_minute / 60 * 30.5


def test_every_second_with_a_quota_refusal_halves_the_rate_once() -> None:
    pacer = Pacer(1_000.0, ramp_seconds=0.0)
    assert pacer.rate(0.0) == 1_000.0
    for _ in range(200):
        pacer.learn(QUOTA, 0.05, 0.0)
    assert pacer.rate(0.0) == pytest.approx(500.0)
    pacer.learn(QUOTA, 0.05, 0.99)
    assert pacer.rate(0.99) == pytest.approx(500.0 + 1_000 * 0.99 / 60)
    before = pacer.rate(1.0)
    pacer.learn(QUOTA, 0.05, 1.0)
    assert pacer.rate(1.0) == pytest.approx(before / 2)


def test_a_storm_of_quota_refusals_never_stops_it_altogether_and_it_recovers_within_a_minute() -> None:
    pacer = Pacer(1_000.0, ramp_seconds=0.0)
    now = 0.0
    while now < 60.0:
        pacer.learn(QUOTA, 0.05, now)
        assert pacer.rate(now) >= 1.0
        assert pacer.batch(500, now) >= 1
        now += 0.1
    assert pacer.rate(now) < 50.0
    assert pacer.rate(now + 60.0) == pytest.approx(1_000.0, rel=0.01)
    assert pacer.rate(now + 600.0) == 1_000.0


def test_rising_latency_slows_it_down_and_constant_latency_does_not() -> None:
    steady = Pacer(1_000.0, ramp_seconds=0.0)
    rising = Pacer(1_000.0, ramp_seconds=0.0)
    for step in range(400):
        now = step / 40
        steady.learn(OK, 2.0, now)
        rising.learn(OK, 0.05 if step < 100 else 2.0, now)
    assert steady.rate(10.0) == 1_000.0
    assert rising.rate(10.0) < 500.0


def test_answers_faster_than_half_a_second_are_never_a_sign_of_trouble() -> None:
    pacer = Pacer(1_000.0, ramp_seconds=0.0)
    for step in range(400):
        pacer.learn(OK, 0.002 if step < 100 else 0.45, step / 40)
    assert pacer.rate(10.0) == 1_000.0


@pytest.mark.parametrize("outcome", [OK, Uncertain("timeout"), Refused(Disposition.PRUNE, "unregistered")])
def test_only_a_quota_refusal_halves_the_rate(outcome: Outcome) -> None:
    pacer = Pacer(1_000.0, ramp_seconds=0.0)
    for step in range(50):
        pacer.learn(outcome, 0.05, float(step))
    assert pacer.rate(50.0) == 1_000.0


@given(
    per_minute=st.integers(1, 6_000_000),
    ramp=st.sampled_from([0.0, 60.0]),
    room=st.integers(1, 1_000),
    steps=st.lists(
        st.tuples(
            st.floats(0.0, 5.0),
            st.sampled_from([None, QUOTA, OK, Uncertain("timeout")]),
            st.floats(0.0, 12.0),
        ),
        min_size=1,
        max_size=60,
    ),
)
def test_no_window_of_any_length_holds_more_sends_than_the_burst_and_the_ceiling_allow(
    per_minute: int, ramp: float, room: int, steps: list[tuple[float, Outcome | None, float]]
) -> None:
    pacer = Pacer(per_minute / 60, ramp_seconds=ramp)
    burst = max(1.0, pacer.ceiling if not ramp else min(pacer.ceiling, FREE_START))
    now = 1_000.0
    sends: list[tuple[float, int]] = []
    for pause, outcome, latency in steps:
        now += pause
        if outcome is not None:
            pacer.learn(outcome, latency, now)
        count = pacer.batch(room, now)
        assert 1 <= count <= room
        now += pacer.take(count, now)
        sends.append((now, count))
    for first, (begin, _) in enumerate(sends):
        total = 0
        for end, count in sends[first:]:
            total += count
            allowed = burst + pacer.ceiling * (end - begin)
            assert total <= allowed * (1 + 1e-6) + 1e-3
