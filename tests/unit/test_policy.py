"""Durations, the idempotency key, and how long a refused unit waits."""

import hashlib
from datetime import date
from uuid import UUID

import pytest

from rekindle.policy import (
    MAX_DURATION_SECONDS,
    MAX_RETRY_SECONDS,
    RETRY_SECONDS,
    TokenBucket,
    idempotency_key,
    parse_days,
    parse_duration,
    retry_delay,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1), ("30s", 30), ("15m", 900), ("36h", 129_600), ("1d", 86_400), ("14d", 1_209_600), ("007d", 604_800),
        (" 7d ", 604_800), ("3660d", 316_224_000), (f"{MAX_DURATION_SECONDS}s", MAX_DURATION_SECONDS),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "d", "14", "14 d", "14D", "1w", "1.5h", "-1d", "+1d", "1d2h", "1e3s", "0x1s", "٣d", "１d", "1d\n2",
        "d1", "9999999999s", "1d;drop", "\x00d", "1" * 5_000 + "s",
    ],
)  # fmt: skip
def test_what_is_not_a_duration_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write a whole number and s, m, h or d"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "000d", "3661d", f"{MAX_DURATION_SECONDS + 1}s", "999999999d"])
def test_zero_and_more_than_ten_years_are_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="is out of range"):
        parse_duration(text)


def test_calendar_days_are_written_in_days_alone() -> None:
    assert parse_days("14d") == 14
    assert parse_days(" 1d") == 1
    for text in ("24h", "1440m", "86400s"):
        with pytest.raises(ValueError, match="is not in days"):
            parse_days(text)
    with pytest.raises(ValueError, match="is not a duration"):
        parse_days("fourteen")


def test_the_key_is_the_digest_of_person_scenario_and_date_without_separators() -> None:
    user = UUID("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")
    text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11inactivity2026-03-01"
    key = idempotency_key(user, "inactivity", date(2026, 3, 1))
    assert key == hashlib.sha256(text.encode()).hexdigest()
    # Computed once outside Python (printf %s ... | sha256sum), so that both sides cannot be wrong
    # together.
    assert key == "849b5c2c9c460ecc8f645b63f849075b107833362fcb2009dd80289abc0e7641"


def test_the_key_differs_by_person_by_scenario_and_by_day() -> None:
    one, two = UUID(int=1), UUID(int=2)
    keys = {
        idempotency_key(user, name, day)
        for user in (one, two)
        for name in ("a", "b")
        for day in (date(2026, 3, 1), date(2026, 3, 2))
    }
    assert len(keys) == 8
    assert idempotency_key(one, "a", date(987, 1, 2)) == hashlib.sha256(f"{one}a0987-01-02".encode()).hexdigest()


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, RETRY_SECONDS), (0.0, RETRY_SECONDS), (-5.0, RETRY_SECONDS), (1.0, 1.0), (90.0, 90.0),
        (MAX_RETRY_SECONDS, MAX_RETRY_SECONDS), (10**9, MAX_RETRY_SECONDS), (float("inf"), MAX_RETRY_SECONDS),
    ],
)  # fmt: skip
def test_a_refused_unit_waits_as_long_as_the_provider_asks_within_an_hour(asked: float | None, seconds: float) -> None:
    assert retry_delay(asked, jitter=0.0) == seconds
    assert retry_delay(asked, jitter=0.999) == pytest.approx(seconds * 1.24975)


def test_a_bucket_lets_its_burst_through_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=100.0, burst=50.0)
    assert bucket.take(50, now=10.0) == 0.0
    assert bucket.take(100, now=10.0) == pytest.approx(1.0)
    assert bucket.take(0, now=11.0) == pytest.approx(0.0)
    assert bucket.take(10, now=11.0) == pytest.approx(0.1)


def test_an_idle_bucket_fills_no_higher_than_its_burst() -> None:
    bucket = TokenBucket(rate=100.0, burst=50.0)
    assert bucket.take(50, now=0.0) == 0.0
    assert bucket.take(50, now=1_000.0) == 0.0
    assert bucket.take(1, now=1_000.0) == pytest.approx(0.01)
