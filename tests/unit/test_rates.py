"""How many requests come in, and how many wrong keys are checked."""

import pytest

from rekindle.access import ENVIRONMENT_KEY, Actor
from rekindle.api import access, rates
from rekindle.api.access import Access
from rekindle.api.problems import problem
from rekindle.api.rates import Guesses, Rate
from rekindle.errors import KeyRefused, TooManyRequests

CI = Actor("key", "ci", "read")


class Asked:
    """Knows some credentials, and counts how often it is asked."""

    def __init__(self, **known: Actor) -> None:
        self.known = known
        self.times = 0

    async def actor(self, shown: bytes) -> Actor | None:
        self.times += 1
        return self.known.get(shown.decode())


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def shows(key: str) -> list[tuple[bytes, bytes]]:
    return [(b"apikey", key.encode())]


def test_a_name_has_a_minutes_worth_at_once_then_its_share_and_never_more() -> None:
    clock = Clock()
    rate = Rate(6, clock=clock)
    spent = 0
    for second in range(121):
        clock.now = 1_000.0 + second
        while rate.wait_seconds("a") == 0:
            rate.spend("a")
            spent += 1
        assert spent == 6 + second // 10
    assert rate.wait_seconds("a") == pytest.approx(10)
    assert rate.wait_seconds("b") == 0
    clock.now += 3_600  # an hour without a request saves no more than a minute's worth
    for _ in range(6):
        assert rate.wait_seconds("a") == 0
        rate.spend("a")
    assert rate.wait_seconds("a") > 0


async def test_a_key_may_send_a_minutes_worth_at_once_and_then_its_share() -> None:
    doors = Access([Asked(c=CI, e=ENVIRONMENT_KEY, o=Actor("key", "other", "read"))], requests_per_minute=3)
    for _ in range(3):
        assert await doors.admit(shows("c"), []) == CI
    with pytest.raises(TooManyRequests, match="key ci has sent too many requests") as refused:
        await doors.admit(shows("c"), [])
    answer = problem(refused.value)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")
    await doors.admit(shows("o"), [])
    for _ in range(10):
        assert await doors.admit(shows("e"), []) == ENVIRONMENT_KEY


async def test_of_wrong_keys_a_limited_number_is_checked_and_known_keys_still_come_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "WRONG_PER_MINUTE", 3)
    asked = Asked(c=CI, n=CI)
    doors = Access([asked])
    await doors.admit(shows("c"), [])
    for key in ("1", "2", "3", "1", "1"):  # the same wrong key again is no other guess
        with pytest.raises(KeyRefused):
            await doors.admit(shows(key), [])
    before = asked.times
    for key in ("4", "n"):  # a right key that is new here waits, too: else a guess would be checked
        with pytest.raises(TooManyRequests):
            await doors.admit(shows(key), [])
    assert asked.times == before
    assert await doors.admit(shows("c"), []) == CI
    with pytest.raises(KeyRefused):
        await doors.admit(shows("2"), [])
    with pytest.raises(KeyRefused):
        await doors.admit([], [])


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MOST_NAMES", 10)
    rate = Rate(1)
    guesses = Guesses(Rate(1_000))
    for number in range(50):
        rate.spend(str(number))
        guesses.checked(str(number).encode(), right=bool(number % 2))
    kept = [number for number in range(50) if rate.wait_seconds(str(number)) > 0]
    assert kept == list(range(40, 50))
    assert len(vars(guesses)["_checked"]) == 10
