"""Quiet hours, the window of send_at, opt-outs and caps: the claim and the plan decide like an
oracle."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rekindle.engine.priority import outranking
from rekindle.policy import idempotency_key, parse_duration
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.scenario import fingerprint, parse_scenario
from team.hours import Hours, is_quiet, is_send_hour, is_weekday
from team.ledger import Ledger

NAME, FIRST = "own", "first"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHAPTERS = [UUID(int=201), UUID(int=202)]
ORGANISATION = UUID(int=101)
ZONES = [None, "Europe/Oslo", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"]
# Texts that people typed instead of zones.
TYPED = [*ZONES, "CEST", "CET", "Europe/Osl0", "+09", ""]
# In the nights of the changes of 29 March and 25 October 2026 in Europe, and on days of the week
# that differ by place.
MOMENTS = [
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 5, 6, 12, 0, tzinfo=UTC),
    datetime(2026, 5, 8, 20, 0, tzinfo=UTC),
]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True)
class Policy:
    """The policy of both scenarios, and the zone for people without one."""

    quiet: str
    weekdays: list[str]
    caps: list[str]
    critical: bool
    timezone: str | None
    send: str = "none"

    def applied(self, name: str, *, critical: bool, priority: int) -> Applied:
        scenario = parse_scenario({
            "kind": "sql",
            "cooldown": "7d",
            "query": "select user_id, occurrence, null::jsonb as variables from team.wish "
                     f"where scenario_type = '{name}'",
            "priority": priority,
            "critical": critical,
            "quiet_hours": self.quiet,
            "send_at": self.send,
            "weekdays": self.weekdays,
            "caps": self.caps,
            "message": {"en": {"title": "t", "body": "b"}},
        })  # fmt: skip
        return Applied(name, 1, scenario, fingerprint(scenario))


@dataclass(frozen=True)
class Person:
    timezone: str | None = None
    chapter: int | None = None
    opted_out: list[tuple[str | None, bool | None]] = field(default_factory=list)
    notified: bool = False
    gate: int | None = None  # hours until it opens; 0: in flight
    today: bool = False
    device: bool = True
    counted: list[int | None] = field(default_factory=list)  # seconds since each claim ended; None: live
    wanted_first: bool = False


@dataclass(frozen=True)
class World:
    """Everything that a verdict depends on."""

    at: datetime
    policy: Policy
    chapters: list[str | None]
    organisation: str | None
    people: list[Person]

    def zone(self, person: Person) -> str | None:
        """The first valid one of the person's, the chapter's, the organisation's and the
        configuration's."""
        chapter = None if person.chapter is None else self.chapters[person.chapter]
        names = (person.timezone, chapter, self.organisation, self.policy.timezone)
        return next((name for name in names if name is not None and name in ZONES), None)

    def is_closed(self, zone: str | None) -> str | None:
        limited = (self.policy.quiet, self.policy.send) != ("none", "none") or len(self.policy.weekdays) < 7
        if zone is None:
            return "no_timezone" if limited else None
        days = [DAYS.index(day) + 1 for day in self.policy.weekdays]
        hours = Hours(zone, pair(self.policy.quiet), days, pair(self.policy.send))
        if not is_weekday(self.at, hours):
            return "weekday"
        if is_quiet(self.at, hours):
            return "quiet_hours"
        return None if is_send_hour(self.at, hours) else "send_hour"

    def is_full(self, person: Person, wanting: int) -> bool:
        rules = [(int(most), parse_duration(window)) for most, _, window in (cap.split() for cap in self.policy.caps)]
        return any(
            wanting + sum(age is None or age < seconds for age in person.counted) >= most for most, seconds in rules
        )

    def verdict(self, person: Person, name: str, *, critical: bool, wanting: int) -> str:
        own = name == NAME
        if any(said and scenario_type in (None, name) for scenario_type, said in person.opted_out):
            return "opted_out"
        if own and person.notified:
            return "already_notified"
        if own and person.gate is not None:
            return "cooldown" if person.gate else "in_flight"
        if own and person.today:
            return "already_today"
        if not critical:
            if (closed := self.is_closed(self.zone(person))) is not None:
                return closed
            if self.is_full(person, wanting):
                return "frequency_cap"
        return "claimed" if person.device else "no_token"

    def verdicts(self) -> list[str]:
        """The verdicts of the scenario `own` for everybody. `first` outranks it if there are
        caps and `own` is not critical."""
        said: list[str] = []
        for person in self.people:
            first = person.wanted_first and self.verdict(person, FIRST, critical=False, wanting=0) == "claimed"
            said.append(self.verdict(person, NAME, critical=self.policy.critical, wanting=int(first)))
        return said


def pair(text: str) -> tuple[time, time] | None:
    """The hours that a text says; a single time says one hour."""
    if text == "none":
        return None
    begins, _, ends = text.partition("-")
    return time.fromisoformat(begins), time.fromisoformat(ends or f"{int(begins[:2]) + 1:02}{begins[2:]}")


def user(number: int) -> UUID:
    return UUID(int=0xA0000000 + number)


AGES = st.none() | st.sampled_from([0, 3_599, 3_600, 3_601, 86_399, 86_400, 6 * 86_400, 7 * 86_400, 31 * 86_400])
POLICIES = st.builds(
    Policy,
    quiet=st.sampled_from(["none", "22:00-08:00", "01:00-03:00", "02:30-02:00", "12:00-13:00"]),
    weekdays=st.just(DAYS) | st.lists(st.sampled_from(DAYS), min_size=1, max_size=6, unique=True),
    caps=st.sampled_from([[], ["1 per 1h"], ["2 per 1d"], ["1 per 1d", "3 per 7d"], ["4 per 31d"]]),
    critical=st.sampled_from([False, False, False, True]),
    timezone=st.sampled_from(ZONES),
    send=st.sampled_from(["none", "none", "20:00", "01:30-03:00", "02:30", "21:30-05:30"]),
).map(lambda one: replace(one, quiet="none") if one.send != "none" and one.quiet[0] != "1" else one)
PEOPLE = st.builds(
    Person,
    timezone=st.sampled_from(TYPED),
    chapter=st.sampled_from([None, 0, 1]),
    opted_out=st.just([]) | st.lists(
        st.tuples(st.sampled_from([None, NAME, FIRST, "other"]), st.sampled_from([True, False, None])), max_size=2
    ),
    notified=st.sampled_from([False] * 11 + [True]),
    gate=st.sampled_from([None] * 14 + [0, 2]),
    today=st.sampled_from([False] * 11 + [True]),
    device=st.sampled_from([True] * 4 + [False]),
    counted=st.lists(AGES, max_size=4),
    wanted_first=st.booleans(),
)  # fmt: skip
WORLDS = st.builds(
    World,
    at=st.sampled_from(MOMENTS),
    policy=POLICIES,
    chapters=st.lists(st.sampled_from(TYPED), min_size=2, max_size=2),
    organisation=st.sampled_from(TYPED),
    people=st.lists(PEOPLE, min_size=2, max_size=10),
)
OPEN = Policy("01:00-01:01", DAYS, [], critical=False, timezone="Pacific/Kiritimati")
BUSY = Policy("none", DAYS, ["2 per 1d"], critical=False, timezone=None)


def load(ledger: Ledger, world: World) -> None:
    ledger.begin(world.at)
    everyone: Sequence[tuple[UUID, Person]] = [(user(number), one) for number, one in enumerate(world.people)]
    ledger.insert("team.organisation", "organisation_id, timezone", [(ORGANISATION, world.organisation)])
    ledger.insert("team.chapter", "chapter_id, timezone", list(zip(CHAPTERS, world.chapters, strict=True)))
    ledger.insert(
        "team.person",
        "user_id, organisation_id, chapter_id, timezone, active",
        [
            (who, ORGANISATION, None if one.chapter is None else CHAPTERS[one.chapter], one.timezone, True)
            for who, one in everyone
        ],
    )
    ledger.insert(
        "team.device", "user_id, token, target_kind", [(who, f"t{who}", "token") for who, one in everyone if one.device]
    )
    ledger.insert("team.preference", "user_id, scenario_type, opted_out",
                  [(who, name, said) for who, one in everyone for name, said in one.opted_out])  # fmt: skip
    ledger.insert(
        "team.wish",
        "user_id, scenario_type, occurrence",
        [(who, NAME, "once") for who, _ in everyone]
        + [(who, FIRST, "once") for who, one in everyone if one.wanted_first],
    )
    ledger.insert(
        "rekindle.gate",
        "user_id, scenario_type, next_at, inflight",
        [(who, NAME, world.at + one.gate * HOUR, UUID(int=7) if one.gate == 0 else None)
         for who, one in everyone if one.gate is not None],
    )  # fmt: skip
    ledger.insert(
        "rekindle.cap",
        "user_id, counted",
        [(who, Jsonb(counted(one, world.at))) for who, one in everyone if one.counted],
    )
    records: list[tuple[UUID, str, str, datetime]] = []
    for who, one in everyone:
        records += [(who, "once", f"{who}", world.at - 30 * DAY)] * one.notified
        records += [(who, "another", idempotency_key(who, NAME, world.at.date()), world.at - DAY)] * one.today
    ledger.notified(NAME, records)


def counted(person: Person, at: datetime) -> dict[str, Any]:
    return {f"claim {n}": None if age is None else at.timestamp() - age for n, age in enumerate(person.counted)}


@settings(max_examples=200)
@example(  # each of the four sources of a zone, with a typing mistake in the one before it
    World(MOMENTS[4], OPEN, ["Europe/Oslo", "CEST"], "America/Los_Angeles",
          [Person("Asia/Tokyo", 0), Person("Europe/Osl0", 0), Person(None, 1), Person("", None)])
)  # fmt: skip
@example(World(MOMENTS[4], OPEN, [None, None], "CET", [Person(None, 0), Person("CEST", 1)]))
@example(
    World(MOMENTS[4], BUSY, [None, None], None, [Person(counted=[5], wanted_first=first) for first in (True, False)])
)
@example(World(MOMENTS[4], BUSY, [None, None], None,
               [Person(counted=[5], wanted_first=True, opted_out=[(FIRST, True)])]))  # fmt: skip
@given(WORLDS)
def test_the_claim_applies_every_policy_as_the_oracle_does(ledger: Ledger, world: World) -> None:
    load(ledger, world)
    policy = world.policy
    own = policy.applied(NAME, critical=policy.critical, priority=50)
    above = outranking(own, [policy.applied(FIRST, critical=False, priority=90)])
    evaluation = Evaluation(own, outranking=above, terms=Terms(timezone=policy.timezone))
    expected = {user(number): said for number, said in enumerate(world.verdicts())}
    zones = {user(number): world.zone(person) for number, person in enumerate(world.people)}

    planned = ledger.plan(evaluation)
    assert {one.user_id: one.refusal or "claimed" for one in planned} == expected
    assert ledger.rows("select * from rekindle.outbox") == []

    _, numbers = ledger.claim(evaluation)
    assert numbers.claimed == sum(said == "claimed" for said in expected.values())
    assert dict(numbers.refusals) == Counter(said for said in expected.values() if said != "claimed")

    units = {unit["user_id"]: unit for unit in ledger.rows("select * from rekindle.outbox")}
    assert units.keys() == {who for who, said in expected.items() if said == "claimed"}
    held, sent = (not policy.critical and hours != "none" for hours in (policy.quiet, policy.send))
    for who, unit in units.items():
        assert unit["timezone"] == zones[who]
        assert (unit["quiet_from"] is not None) == held
        assert (unit["send_from"] is not None) == sent
        assert unit["weekdays"] == ([] if policy.critical or len(policy.weekdays) == 7 else
                                    sorted(DAYS.index(day) + 1 for day in policy.weekdays))  # fmt: skip
    caps = {row["user_id"]: row["counted"] for row in ledger.rows("select * from rekindle.cap")}
    for number, person in enumerate(world.people):
        stood = counted(person, world.at)
        if policy.caps and user(number) in units:
            month = world.at.timestamp() - 31 * 86_400
            kept = {name: since for name, since in stood.items() if since is None or since > month}
            assert caps[user(number)] == kept | {str(units[user(number)]["claim_id"]): None}
        else:
            assert caps.get(user(number), {}) == stood
