"""The people who are due by inactivity, onboarding, milestone, expiry, date and event, in every
time zone, are those that a few lines of Python find."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rekindle.policy import idempotency_key
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.scenario import fingerprint, parse_scenario
from team.ledger import Ledger

NAME = "nudge"
FALLBACK = "Asia/Kolkata"
TERMS = Terms(timezone=FALLBACK)
# From UTC-12 to UTC+14, with and without summer time, and texts that people typed.
ZONES = [
    None, "UTC", "Etc/GMT+12", "Pacific/Kiritimati", "Pacific/Auckland", "America/Los_Angeles", "America/St_Johns",
    "Europe/Oslo", "Asia/Kathmandu", "Nowhere/At_All", "",
]  # fmt: skip
MOMENTS = st.datetimes(datetime(2019, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)

Due = dict[str, dict[str, Any]]
"""The occurrences that a person may be due for, each with its rank and its variables."""


def zone_of(name: str | None) -> ZoneInfo:
    return ZoneInfo(name if name and name != "Nowhere/At_All" else FALLBACK)


def applied(definition: dict[str, Any]) -> Applied:
    text = {"title": "t", "body": "b"}
    scenario = parse_scenario(definition | {"cooldown": 3_600, "message": {"en": text}})
    return Applied(NAME, 1, scenario, fingerprint(scenario))


def user(number: int) -> UUID:
    return UUID(int=0xA0000000 + number)


def judge(ledger: Ledger, at: datetime, scenario: Applied, people: list[Due], spent: list[list[bool]]) -> None:
    """Everybody has a device. Record what is spent; then the plan must agree with the oracle
    about everyone."""
    ledger.insert(
        "team.device", "user_id, token, target_kind", [(user(n), f"t{n}", "token") for n in range(len(people))]
    )
    recorded: list[set[str]] = []
    for number, due in enumerate(people):
        recorded.append({name for name, is_spent in zip(sorted(due), spent[number], strict=False) if is_spent})
        ledger.notified(
            NAME,
            [
                (user(number), name, f"{number}/{name}", at - timedelta(100 + n))
                for n, name in enumerate(sorted(recorded[-1]))
            ],
        )
    planned = {one.user_id: one for one in ledger.plan(Evaluation(scenario, terms=TERMS))}
    assert planned.keys() == {user(number) for number, due in enumerate(people) if due}
    for number, due in enumerate(people):
        if not due:
            continue
        said = planned[user(number)]
        fresh = due.keys() - recorded[number]
        first, *others = sorted(fresh or due, key=lambda name: (due[name]["rank"], name))
        digest: dict[str, Any] = {}
        if scenario.scenario.digest is not None:
            others = others if fresh else []
            names = [due[name]["variables"]["certificate"] for name in (first, *others)]
            digest = {"count": len(names), "items": names[:2], "more": len(names[2:])}
            assert list(said.other_occurrences) == others
        assert said.refusal == (None if fresh else "already_notified")
        assert said.occurrence == first
        variables = {name: value for name, value in said.variables.items() if name not in ("joined_at", "born")}
        assert {"first_name": "Ada"} | due[first]["variables"] | digest == variables
    _, numbers = ledger.claim(Evaluation(scenario, terms=TERMS))
    refused = sum(1 for number, due in enumerate(people) if due and not due.keys() - recorded[number])
    assert (numbers.evaluated, numbers.claimed) == (len(people), sum(1 for due in people if due) - refused)
    assert dict(numbers.refusals) == ({"already_notified": refused} if refused else {})


def recipients(ledger: Ledger, zones: list[str | None]) -> None:
    ledger.insert(
        "team.person",
        "user_id, timezone, active, first_name",
        [(user(number), zone, True, "Ada") for number, zone in enumerate(zones)],
    )


@dataclass(frozen=True)
class Limits:
    """The keys that leave occasions out by their day, in days before the evaluation; None: no such
    key. `age` is in days more than the longest threshold."""

    since: int | None
    until: int | None
    age: int | None

    def keys(self, at: datetime, longest: int = 1) -> dict[str, Any]:
        keys: dict[str, Any] = {}
        if self.age is not None:
            keys["max_age"] = longest + self.age
        if self.since is not None:
            keys["since"] = (at.date() - timedelta(self.since)).isoformat()
        if self.until is not None:
            keys["until"] = (at.date() - timedelta(self.until)).isoformat()
        return keys


def counts(keys: dict[str, Any], day: date, today: date) -> bool:
    """Whether an occasion of this day counts, today where the person lives."""
    return (
        day.isoformat() >= keys.get("since", "")
        and ("until" not in keys or today.isoformat() < keys["until"])
        and (today - day).days <= keys.get("max_age", 9_999_999)
    )


LIMITS = st.just(Limits(None, None, None)) | st.builds(
    Limits, st.none() | st.integers(2, 30), st.sampled_from([None, None, -1, 0, 1]), st.none() | st.integers(0, 9)
)
SPENT = st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=6, max_size=6)
# Near the boundaries of the stages below, in seconds before now; some are in the future.
AGO = st.one_of(
    st.integers(-3 * 86_400, 40 * 86_400),
    st.builds(
        lambda days, seconds: days * 86_400 + seconds, st.sampled_from([1, 2, 14, 30]), st.integers(-50_000, 50_000)
    ),
)

AS_WRITTEN: dict[str, Callable[[datetime], Any]] = {
    "instant": lambda at: at,
    "day": lambda at: at.date(),
    "wall": lambda at: at.replace(tzinfo=None),
}
UTC_DAY: dict[str, Callable[[Any], date]] = {
    "instant": lambda at: at.astimezone(UTC).date(),
    "day": lambda at: at,
    "wall": lambda at: at.date(),
}
NOW_AS_WRITTEN: dict[str, Callable[[datetime, ZoneInfo], Any]] = {
    "instant": lambda at, zone: at,
    "day": lambda at, zone: max(at.date(), at.astimezone(zone).date()),
    "wall": lambda at, zone: at.replace(tzinfo=None),
}
"""What is written later has not happened."""
LOCAL_DAY: dict[str, Callable[[Any, ZoneInfo], date]] = {
    "instant": lambda at, zone: at.astimezone(zone).date(),
    "day": lambda at, zone: at,
    "wall": lambda at, zone: at.replace(tzinfo=UTC).astimezone(zone).date(),
}


@pytest.mark.parametrize("written", sorted(AS_WRITTEN))
@settings(max_examples=60)
@given(
    at=MOMENTS,
    people=st.lists(st.tuples(st.sampled_from(ZONES), st.lists(AGO, max_size=3)), max_size=6),
    stages=st.sets(st.sampled_from([1, 2, 14, 30]), min_size=1).map(sorted),
    spent=SPENT,
    limits=LIMITS,
)
def test_inactivity_counts_local_days_since_the_last_activity(
    ledger: Ledger, written: str, at: datetime, people: list[tuple[str | None, list[int]]], stages: list[int],
    spent: list[list[bool]], limits: Limits,
) -> None:  # fmt: skip
    keys = limits.keys(at, stages[-1])
    ledger.begin(at)
    ledger.activities_are(written)
    recipients(ledger, [zone for zone, _ in people])
    everyone: list[Due] = []
    for number, (zone_name, ago) in enumerate(people):
        zone = zone_of(zone_name)
        activities = [AS_WRITTEN[written](at - timedelta(seconds=seconds)) for seconds in ago]
        ledger.insert(f"team.activity_{written}", "user_id, activity_date", [(user(number), one) for one in activities])
        due: Due = {}
        happened = [one for one in activities if one <= NOW_AS_WRITTEN[written](at, zone)]
        if happened:
            last = LOCAL_DAY[written](max(happened), zone)
            days = (at.astimezone(zone).date() - last).days
            stage = max((one for one in stages if one <= days), default=None)
            if stage is not None and counts(keys, last, at.astimezone(zone).date()):
                variables = {"days": days, "last_activity_on": last.isoformat(), "stage": stage}
                due[f"inactive:{UTC_DAY[written](max(happened))}:{stage}d"] = {"rank": 0, "variables": variables}
        everyone.append(due)
    judge(ledger, at, applied({"kind": "inactivity", "after": stages} | keys), everyone, spent)


# Those that add up, exactly, and those that do not count.
AMOUNTS = [0.5, 1.0, 2.25, -1.5, 6.0, 0.0, None, math.nan, math.inf, -math.inf, 1e12, -1e300]


@settings(max_examples=100)
@given(
    at=MOMENTS,
    of=st.sampled_from(["count", "sum"]),
    people=st.lists(
        st.tuples(st.lists(st.sampled_from(AMOUNTS), max_size=12), st.lists(st.sampled_from(AMOUNTS), max_size=3)),
        max_size=6,
    ),
    marks=st.sets(st.integers(1, 12), min_size=1, max_size=4).map(sorted),
    spent=SPENT,
    limits=LIMITS,
)
def test_a_milestone_is_the_highest_mark_that_a_number_or_a_sum_has_reached(
    ledger: Ledger, at: datetime, of: str, people: list[tuple[list[float | None], list[float | None]]],
    marks: list[int], spent: list[list[bool]], limits: Limits,
) -> None:  # fmt: skip
    keys = limits.keys(at)
    clock = zone_of(None)
    ledger.begin(at)
    ledger.activities_are("amount")
    recipients(ledger, [None] * len(people))
    everyone: list[Due] = []
    for number, (past, ahead) in enumerate(people):
        # One activity a day, the last one now; then those that are planned.
        dated = [(at - timedelta(len(past) - 1 - n), amount) for n, amount in enumerate([*past, *ahead])]
        ledger.insert("team.activity_amount", "user_id, activity_date, amount", [(user(number), *one) for one in dated])
        steps = [1.0 if of == "count" else one if one is not None and abs(one) <= 1e9 else 0.0 for one in past]
        totals = list(accumulate(steps))
        due: Due = {}
        mark = max((one for one in marks if totals and one <= totals[-1]), default=None)
        if mark is not None:
            reached = next(when for (when, _), total in zip(dated, totals, strict=False) if total >= mark)
            if counts(keys, reached.astimezone(clock).date(), at.astimezone(clock).date()):
                name = f"milestone:{mark}" if of == "count" else f"milestone:sum:{mark}"
                variables = {"activities": len(past), "total": totals[-1], "mark": mark}
                due[name] = {"rank": 0, "variables": variables}
        everyone.append(due)
    judge(ledger, at, applied({"kind": "milestone", "at": marks, "of": of} | keys), everyone, spent)


@settings(max_examples=80)
@given(
    at=MOMENTS,
    people=st.lists(
        st.tuples(st.sampled_from(ZONES), st.lists(st.none() | st.integers(-34, 34), max_size=4)), max_size=6
    ),
    thresholds=st.sets(st.sampled_from([1, 2, 7, 30, -1, -2, -7, -30]), min_size=1).map(sorted),
    spent=SPENT,
    limits=LIMITS,
    digest=st.booleans(),
)
def test_the_most_urgent_certificate_is_named_by_its_tightest_threshold(
    ledger: Ledger, at: datetime, people: list[tuple[str | None, list[int | None]]], thresholds: list[int],
    spent: list[list[bool]], limits: Limits, digest: bool,
) -> None:  # fmt: skip
    before, after = [one for one in thresholds if one > 0], sorted(-one for one in thresholds if one < 0)
    keys = limits.keys(at, max(after, default=1))
    keys |= {"before": before} if before else {}
    keys |= {"after": after} if after else {}
    ledger.begin(at)
    recipients(ledger, [zone for zone, _ in people])
    everyone: list[Due] = []
    for number, (zone_name, in_days) in enumerate(people):
        due: Due = {}
        today = at.astimezone(zone_of(zone_name)).date()
        # Two certificates of one name: the one that lasts longer renews the other.
        for n, days in enumerate(in_days):
            certificate = UUID(int=number * 10 + n)
            expires_on = None if days is None else at.date() + timedelta(days)
            last = max(other for other in in_days[n % 2 :: 2] if other is not None) if days is not None else None
            ledger.insert(
                "team.certificate",
                "certification_id, user_id, name, expires_on",
                [(certificate, user(number), f"C{n % 2}", expires_on)],
            )
            if expires_on is None or days != last:
                continue
            left = (expires_on - today).days
            if left >= 0:
                threshold = min((one for one in before if left <= one), default=None)
            else:
                threshold = max((one for one in after if one <= -left), default=None)
            told = f"-{threshold}" if left < 0 else f"{threshold}"
            if threshold is not None and counts(keys, expires_on, today):
                due[f"expiry:{certificate}:{expires_on}:{told}d"] = {
                    "rank": left if left >= 0 else 1_000 - left,
                    "variables": {"certificate": f"C{n % 2}", "expires_on": expires_on.isoformat(),
                                  "days_left": max(left, 0), "days_ago": max(-left, 0),
                                  "expired": "yes" if left < 0 else "no", "threshold": threshold},
                }  # fmt: skip
        everyone.append(due)
    keys |= {"digest": {"names": 2}} if digest else {}
    judge(ledger, at, applied({"kind": "expiry"} | keys), everyone, spent)


@contextmanager
def recipients_with(ledger: Ledger, column: str, written: str) -> Iterator[None]:
    """The view of recipients has one more column, of the type that an activity `written` so has."""
    view = "select user_id, organisation_id, chapter_id, timezone, locale, active, first_name"
    of_type = {"instant": "timestamptz", "day": "date", "wall": "timestamp"}[written]
    ledger.sql.execute(f"alter table team.person add {column} {of_type}")
    ledger.sql.execute(f"create or replace view rekindle_source.recipient as {view}, {column} from team.person")
    yield
    ledger.sql.execute("drop view rekindle_source.recipient")
    ledger.sql.execute(f"create view rekindle_source.recipient as {view} from team.person")
    ledger.sql.execute(f"alter table team.person drop column {column}")


@pytest.fixture(params=sorted(AS_WRITTEN))
def joined(ledger: Ledger, request: pytest.FixtureRequest) -> Iterator[str]:
    with recipients_with(ledger, "joined_at", request.param):
        yield request.param


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=MOMENTS,
    people=st.lists(
        st.tuples(st.sampled_from(ZONES), st.none() | AGO, st.lists(st.integers(-86_400, 400_000), max_size=1)),
        max_size=6,
    ),
    stages=st.sets(st.sampled_from([1, 2, 14, 30]), min_size=1).map(sorted),
    spent=SPENT,
    limits=LIMITS,
)
def test_onboarding_counts_local_days_since_joining_until_the_first_activity(
    ledger: Ledger, joined: str, at: datetime, people: list[tuple[str | None, int | None, list[int]]],
    stages: list[int], spent: list[list[bool]], limits: Limits,
) -> None:  # fmt: skip
    keys = limits.keys(at, stages[-1])
    ledger.begin(at)
    ledger.activities_are("instant")
    recipients(ledger, [zone for zone, _, _ in people])
    everyone: list[Due] = []
    for number, (zone_name, ago, activities) in enumerate(people):
        zone = zone_of(zone_name)
        joined_at = None if ago is None else AS_WRITTEN[joined](at - timedelta(seconds=ago))
        ledger.sql.execute("update team.person set joined_at = %s where user_id = %s", [joined_at, user(number)])
        ledger.insert(
            "team.activity_instant",
            "user_id, activity_date",
            [(user(number), at - timedelta(seconds=one)) for one in activities],
        )
        due: Due = {}
        if joined_at and joined_at <= NOW_AS_WRITTEN[joined](at, zone) and not any(one >= 0 for one in activities):
            on = LOCAL_DAY[joined](joined_at, zone)
            days = (at.astimezone(zone).date() - on).days
            stage = max((one for one in stages if one <= days), default=None)
            if stage is not None and counts(keys, on, at.astimezone(zone).date()):
                variables = {"days": days, "joined_on": on.isoformat(), "stage": stage}
                due[f"onboarding:{stage}d"] = {"rank": 0, "variables": variables}
        everyone.append(due)
    judge(ledger, at, applied({"kind": "onboarding", "after": stages} | keys), everyone, spent)


@pytest.fixture(params=sorted(AS_WRITTEN))
def born(ledger: Ledger, request: pytest.FixtureRequest) -> Iterator[str]:
    with recipients_with(ledger, "born", request.param):
        yield request.param


def returns(first: date, year: int, leap_day: str) -> date:
    """The day on which a day returns in a year."""
    try:
        return first.replace(year=year)
    except ValueError:
        return date(year, 2, 28) if leap_day == "feb-28" else date(year, 3, 1)


# Ordinary days, and those around 29 February, the new year, and the changes of the clocks in Oslo.
DAYS_OF_YEARS = MOMENTS | st.builds(
    lambda day, hours: datetime.combine(day, time(12), tzinfo=UTC) + timedelta(hours=hours),
    st.sampled_from(
        [date(year, *day) for year in (2023, 2024, 2028) for day in ((2, 28), (3, 1), (1, 1), (3, 31), (10, 27))]
    ),
    st.integers(-36, 36),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=DAYS_OF_YEARS,
    people=st.lists(
        st.tuples(
            st.sampled_from(ZONES),
            st.none()
            | st.tuples(st.integers(0, 90), st.integers(-4, 34), st.integers(0, 86_399))
            | st.sampled_from([1984, 2000, 2016]),
        ),
        max_size=6,
    ),
    thresholds=st.sets(st.sampled_from([0, 1, 7, 30, 180]), min_size=1).map(sorted),
    leap_day=st.sampled_from(["feb-28", "mar-1"]),
    spent=SPENT,
)
def test_a_yearly_day_is_due_from_its_widest_threshold_to_the_end_of_the_day(
    ledger: Ledger, born: str, at: datetime, people: list[tuple[str | None, Any]], thresholds: list[int],
    leap_day: str, spent: list[list[bool]],
) -> None:  # fmt: skip
    ledger.begin(at)
    recipients(ledger, [zone for zone, _ in people])
    everyone: list[Due] = []
    for number, (zone_name, drawn) in enumerate(people):
        zone = zone_of(zone_name)
        due: Due = {}
        if drawn is not None:
            if isinstance(drawn, int):
                moment = datetime(drawn, 2, 29, 12, tzinfo=UTC)
            else:
                years, days, seconds = drawn
                day = at.date() + timedelta(days)
                moment = datetime.combine(returns(day, day.year - years, leap_day), time(), tzinfo=UTC)
                moment += timedelta(seconds=seconds)
            value = AS_WRITTEN[born](moment)
            ledger.sql.execute("update team.person set born = %s where user_id = %s", [value, user(number)])
            first, today = LOCAL_DAY[born](value, zone), at.astimezone(zone).date()
            following = [returns(first, year, leap_day) for year in (today.year, today.year + 1)]
            next_on = min(one for one in following if one >= today)
            left = (next_on - today).days
            threshold = min((one for one in thresholds if one >= left), default=None)
            if threshold is not None and next_on.year > first.year:
                due[f"date:{next_on}:{threshold}d"] = {
                    "rank": left,
                    "variables": {"date": next_on.isoformat(), "years": next_on.year - first.year, "days_left": left,
                                  "threshold": threshold},
                }  # fmt: skip
        everyone.append(due)
    definition = {"kind": "date", "on": "born", "before": thresholds, "leap_day": leap_day}
    judge(ledger, at, applied(definition), everyone, spent)


HOUR = 3_600
# Near the thresholds below, in seconds from now; some are not whole.
LEFT = st.one_of(
    st.integers(-HOUR, 60 * HOUR),
    st.builds(
        lambda hours, seconds: hours * HOUR + seconds, st.sampled_from([0, 1, 2, 24, 48]), st.sampled_from([-1, 0, 1])
    ),
    st.sampled_from([0.5, 2 * HOUR + 0.5, 24 * HOUR - 0.5]),
)
# A push that was sent: how much later the event begins now, how long before its beginning the
# person was found due, and the threshold in its name.
PUSHED = st.tuples(
    st.one_of(
        st.integers(-50 * HOUR, 50 * HOUR), st.sampled_from([0, 0, 600, HOUR, 2 * HOUR - 1, 2 * HOUR, 24 * HOUR])
    ),
    st.integers(1, 48 * HOUR) | st.sampled_from([2 * HOUR, 24 * HOUR]),
    st.sampled_from([60, 120, 1440, 2880]),
)


@settings(max_examples=80)
@given(
    at=MOMENTS,
    people=st.lists(st.lists(st.tuples(LEFT, st.lists(PUSHED, max_size=2)), max_size=3), max_size=5),
    thresholds=st.sets(st.sampled_from([1, 2, 24, 48]), min_size=1).map(sorted),
    digest=st.booleans(),
)
def test_the_most_urgent_event_is_told_once_for_each_threshold_unless_it_moves_by_as_much(
    ledger: Ledger,
    at: datetime,
    people: list[list[tuple[float, list[tuple[int, int, int]]]]],
    thresholds: list[int],
    digest: bool,
) -> None:
    ledger.begin(at)
    recipients(ledger, [None] * len(people))
    ledger.insert(
        "team.device", "user_id, token, target_kind", [(user(n), f"t{n}", "token") for n in range(len(people))]
    )
    expected: dict[UUID, dict[str, tuple[bool, int, datetime]]] = {}
    for number, events in enumerate(people):
        pushes: dict[datetime, str] = {}
        due: dict[str, tuple[bool, int, datetime]] = {}
        for n, (left, pushed) in enumerate(events):
            # One id begins like another.
            event_id, starts_at = "1" * (n + 1), at + timedelta(seconds=left)
            ledger.insert(
                "team.event", "event_id, user_id, name, starts_at", [(event_id, user(number), f"E{n}", starts_at)]
            )
            whole = starts_at.replace(microsecond=0)
            told: list[tuple[str, datetime, datetime]] = []
            for moved, before, minutes in pushed:
                was = whole - timedelta(seconds=moved)
                evaluated_at = was - timedelta(seconds=before)
                if evaluated_at not in pushes:
                    pushes[evaluated_at] = f"event:{event_id}:{was:%Y-%m-%dT%H:%M:%SZ}:{minutes}m"
                    told.append((pushes[evaluated_at], was, evaluated_at))
            threshold = min((one * HOUR for one in thresholds if 0 < left <= one * HOUR), default=None)
            if threshold is None:
                continue
            alike = [
                name
                for name, was, evaluated_at in told
                if abs((whole - was).total_seconds()) < threshold and (was - evaluated_at).total_seconds() <= threshold
            ]
            fresh = f"event:{event_id}:{whole:%Y-%m-%dT%H:%M:%SZ}:{threshold // 60}m"
            name = min(alike) if alike else fresh
            due[name] = (name in pushes.values(), math.ceil(left), starts_at)
        ledger.notified(NAME, [(user(number), name, f"{number}/{when}", when) for when, name in pushes.items()])
        if due:
            expected[user(number)] = due
    keys = {"digest": {}} if digest else {}
    scenario = applied({"kind": "event", "before": [f"{one}h" for one in thresholds]} | keys)
    planned = {one.user_id: one for one in ledger.plan(Evaluation(scenario, terms=TERMS))}
    assert planned.keys() == expected.keys()
    for who, due in expected.items():
        said = planned[who]
        first = min((spent, left) for spent, left, _ in due.values())
        assert said.occurrence in {name for name, (spent, left, _) in due.items() if (spent, left) == first}
        assert said.refusal == ("already_notified" if first[0] else None)
        fresh_ones = {name for name, (spent, _, _) in due.items() if not spent and digest}
        assert {said.occurrence, *said.other_occurrences} == (fresh_ones or {said.occurrence})
        _, left, starts_at = due[said.occurrence]
        assert datetime.fromisoformat(said.variables["starts_at"]) == starts_at
        assert said.variables["hours_left"] == (left + HOUR // 2) // HOUR
        assert said.variables["minutes_left"] == (left + 30) // 60
    _, numbers = ledger.claim(Evaluation(scenario, terms=TERMS))
    claimed = {who for who, due in expected.items() if not min(spent for spent, _, _ in due.values())}
    assert (numbers.claimed, dict(numbers.refusals)) == (
        len(claimed),
        {"already_notified": len(expected) - len(claimed)} if len(expected) > len(claimed) else {},
    )
    for unit in ledger.rows("select * from rekindle.outbox"):
        _, _, starts_at = expected[unit["user_id"]][unit["occurrence"]]
        assert unit["give_up_at"] == min(starts_at, at + timedelta(days=1))
        assert unit["idempotency_key"] == idempotency_key(unit["user_id"], NAME, at.date(), unit["occurrence"])
