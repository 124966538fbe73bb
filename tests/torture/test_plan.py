"""The plan of faults follows from the seed alone."""

from rekindle.sandbox.faults import Faults
from torture.plan import draw
from torture.terms import ARM_LEASE_SECONDS


def test_the_same_seed_draws_the_same_faults():
    assert draw(7, 30, 6) == draw(7, 30, 6)
    assert [event.rules for event in draw(7, 30, 6)] == [event.rules for event in draw(7, 30, 6)]


def test_another_seed_draws_others():
    assert draw(7, 30, 6) != draw(8, 30, 6)


def test_a_short_session_has_every_kind_of_fault_and_ends_in_time():
    for seed in range(50):
        events = draw(seed, 10, 6)
        kinds = {event.kind for event in events}
        assert kinds == {"kill", "pause", "crash", "restart", "cut", "silence", "stampede", "prune", "erase", "fcm"}
        assert max(event.at for event in events) < 10
        assert all(event.seconds > ARM_LEASE_SECONDS for event in events if event.kind == "pause")


def test_the_sandbox_takes_every_rule():
    import json

    for event in draw(3, 120, 6):
        Faults().put(json.dumps(event.rules).encode())
