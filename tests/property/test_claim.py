"""The claim and the plan decide about everyone like a few lines of Python."""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from conftest import server as every_server
from rekindle.model import Selection
from rekindle.policy import idempotency_key
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.scenario import fingerprint, parse_scenario
from rekindle.scenario.reach import Devices
from team.ledger import Ledger

server = every_server

NAME = "own"
COOLDOWN = 7 * 86_400
SCENARIO = parse_scenario({
    "kind": "sql",
    "cooldown": COOLDOWN,
    "query": "select user_id, occurrence, variables from team.wanted",
    "message": {"en": {"title": "t", "body": "b"}},
})  # fmt: skip
APPLIED = Applied(NAME, 3, SCENARIO, fingerprint(SCENARIO))
TERMS = Terms()
HOUR = timedelta(hours=1)

ORGANISATIONS = [UUID(int=101), UUID(int=102)]
OCCURRENCES = ["a", "b", "c"]
# By occurrence, so that a repeated row is the same row.
VARIABLES: dict[str, dict[str, Any] | None] = {"a": {"n": 1}, "b": None, "c": {"n": 3, "first_name": "Other"}}
# Few and uneven, so that devices are often enough shared, repeated and proven dead.
TOKENS = ["one", " one\n", "one", "two", " "]
KINDS = ["token", "token", "fid", "topic"]
# Days since the device was last registered. A token was proven dead five days ago.
REGISTERED = [None, 9, 5, 1]
DEAD_DAYS = 5
LIMITS = [Devices(), Devices(), Devices(newest=1), Devices(max_age=5 * 86_400), Devices(newest=2, max_age=6 * 86_400)]

# 00:30 and 23:30 UTC lie on other days almost everywhere else; the clocks change on 29 March and 25
# October 2026.
MOMENTS = [
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 23, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
]


@dataclass(frozen=True)
class Device:
    token: str
    kind: str
    registered: int | None

    @property
    def target(self) -> str:
        return self.token.strip()

    @property
    def device_id(self) -> UUID:
        return UUID(hashlib.sha256(f"{self.kind}:{self.target}".encode()).hexdigest()[:32])


@dataclass(frozen=True)
class Person:
    memberships: list[tuple[bool | None, UUID | None]]
    occasions: list[str]
    devices: list[Device]
    gate: tuple[bool, int] | None  # in flight, hours until it opens
    recorded: set[str]
    unknown: set[str]
    skipped: set[str]
    held: set[str]  # a trial held the person out of the push for it
    today: str | None  # the key of this day is recorded, for another occasion: "day", or that of this occasion


PEOPLE = st.lists(
    st.builds(
        Person,
        memberships=st.lists(
            st.tuples(st.sampled_from([True, True, True, False, None]), st.sampled_from([None, *ORGANISATIONS])),
            min_size=1,
            max_size=2,
        ),
        occasions=st.lists(st.sampled_from(OCCURRENCES), max_size=4),
        devices=st.lists(
            st.builds(Device, st.sampled_from(TOKENS), st.sampled_from(KINDS), st.sampled_from(REGISTERED)), max_size=3
        ),
        gate=st.none() | st.tuples(st.booleans(), st.sampled_from([-2, 0, 2])),
        recorded=st.sets(st.sampled_from(OCCURRENCES), max_size=2),
        unknown=st.sets(st.sampled_from(OCCURRENCES), max_size=1),
        skipped=st.sets(st.sampled_from(OCCURRENCES), max_size=1),
        held=st.sets(st.sampled_from(OCCURRENCES), max_size=1),
        today=st.sampled_from([None, None, "day", *OCCURRENCES]),
    ),
    max_size=7,
)
DEAD = st.sets(st.tuples(st.sampled_from(KINDS), st.sampled_from(["one", "two"])), max_size=3)
SELECTIONS = st.tuples(
    st.sampled_from([(), (), (ORGANISATIONS[0],), tuple(ORGANISATIONS)]), st.sampled_from([None, None, 0, 1])
)

Dead = set[tuple[str, str]]
Key = Literal["day", "occurrence"]


def user(number: int) -> UUID:
    return UUID(int=0xA0000000 + number)


def evaluated(person: Person, number: int, selection: Selection) -> bool:
    if selection.user_id is not None and selection.user_id != user(number):
        return False
    return any(
        active and (not selection.organisations or organisation in selection.organisations)
        for active, organisation in person.memberships
    )


def live(who: int, people: list[Person], dead: Dead, limit: Devices) -> set[Device]:
    """The devices that get a push, without the time of their registration. A device belongs to the
    person who registered it last, or to the first of them, if it was at the same time. `limit`
    leaves out those that were registered too long ago, and all but the newest."""

    def owner(target: str) -> int:
        registered = [
            (math.inf if device.registered is None else device.registered, number)
            for number, person in enumerate(people)
            for device in person.devices
            if device.target == target
        ]
        return min(registered)[1]

    newest: dict[Device, float] = {}
    for device in people[who].devices:
        if (
            device.target
            and owner(device.target) == who
            and device.kind in ("token", "fid")
            and ((device.kind, device.target) not in dead or (device.registered or DEAD_DAYS) < DEAD_DAYS)
            and (limit.max_age is None or device.registered is None or device.registered * 86_400 <= limit.max_age)
        ):
            one = Device(device.target, device.kind, None)
            days = math.inf if device.registered is None else device.registered
            newest[one] = min(days, newest.get(one, math.inf))
    return set(sorted(newest, key=lambda one: (newest[one], one.device_id))[: limit.newest])


def verdict(person: Person, devices: set[Device], key: Key) -> tuple[str, str] | None:
    """The occasion that decides for the person, and its result; None: not due."""
    spent = person.recorded | person.unknown | person.held
    if not person.occasions:
        return None
    occasion = min(person.occasions, key=lambda one: (one in spent, one))
    if occasion in spent:
        return occasion, "already_notified"
    if person.gate is not None and person.gate[0]:
        return occasion, "in_flight"
    if person.gate is not None and person.gate[1] > 0:
        return occasion, "cooldown"
    if person.today == ("day" if key == "day" else occasion):
        return occasion, "already_today"
    return occasion, "claimed" if devices else "no_token"


def load(ledger: Ledger, people: list[Person], dead: Dead, at: datetime) -> None:
    ledger.begin(at)
    everyone = [(user(number), person) for number, person in enumerate(people)]
    ledger.insert(
        "team.person",
        "user_id, organisation_id, active, first_name",
        [(who, organisation, active, "Ada") for who, one in everyone for active, organisation in one.memberships],
    )
    ledger.insert(
        "team.wanted",
        "user_id, occurrence, variables",
        [
            (who, occasion, None if VARIABLES[occasion] is None else Jsonb(VARIABLES[occasion]))
            for who, one in everyone
            for occasion in one.occasions
        ],
    )
    ledger.insert(
        "team.device",
        "user_id, token, target_kind, last_registered_at",
        [
            (who, device.token, device.kind, None if device.registered is None else at - timedelta(device.registered))
            for who, one in everyone
            for device in one.devices
        ],
    )
    ledger.insert(
        "rekindle.disabled_token",
        "device_id, user_id, reason, sent_at",
        [
            (Device(token, kind, None).device_id, UUID(int=9), "unregistered", at - timedelta(DEAD_DAYS))
            for kind, token in dead
        ],
    )
    # The same people's gates of another scenario must not matter.
    ledger.insert(
        "rekindle.gate",
        "user_id, scenario_type, next_at, inflight",
        [(who, "other", at + HOUR, UUID(int=9)) for who, _ in everyone]
        + [
            (who, NAME, at + one.gate[1] * HOUR, UUID(int=7) if one.gate[0] else None)
            for who, one in everyone
            if one.gate is not None
        ],
    )
    records: list[tuple[UUID, str, str, datetime]] = []
    for who, one in everyone:
        for number, occasion in enumerate(sorted(one.recorded)):
            records.append((who, occasion, f"{who}/{occasion}", at - timedelta(30 + number)))
        if one.today:
            key = idempotency_key(who, NAME, at.date(), None if one.today == "day" else one.today)
            records.append((who, "another occasion", key, at - timedelta(1)))
    ledger.notified(NAME, records)
    ledger.insert(
        "rekindle.outcome",
        "claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id, outcome, reason, "
        "occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts, at",
        [
            (UUID(int=2**96 + number * 10 + kind), UUID(int=1), who, NAME, 1, UUID(int=1), UUID(int=1), outcome, "x",
             occasion, "k", at - timedelta(40), 1, 1, 1, at - timedelta(40))
            for number, (who, one) in enumerate(everyone)
            for kind, (outcome, occasions) in enumerate(
                (("unknown", one.unknown), ("skipped", one.skipped), ("dead", one.skipped), ("held_out", one.held)))
            for occasion in occasions
        ],
    )  # fmt: skip


def with_device(registered: int | None) -> Person:
    """Due, free, and with one device that was last registered `registered` days ago."""
    device = Device("one", "token", registered)
    return Person([(True, None)], ["a"], [device], None, set(), set(), set(), set(), today=None)


@settings(max_examples=150)
@example(  # registered at the exact moment of the proof is not registered again
    people=[with_device(registered) for registered in REGISTERED],
    dead={("token", "one")},
    chosen=((), None),
    at=MOMENTS[0],
    limit=Devices(),
    key="day",
)
@example(  # three devices, of which two are the newest
    people=[
        replace(
            with_device(9),
            devices=[Device(*one) for one in (("one", "token", 9), ("two", "token", 5), ("one", "fid", 1))],
        )
    ],
    dead=set(),
    chosen=((), None),
    at=MOMENTS[0],
    limit=Devices(newest=2),
    key="occurrence",
)
@given(
    people=PEOPLE,
    dead=DEAD,
    chosen=SELECTIONS,
    at=st.sampled_from(MOMENTS),
    limit=st.sampled_from(LIMITS),
    key=st.sampled_from(["day", "occurrence"]),
)
def test_the_claim_decides_about_everyone_as_the_oracle_does(
    ledger: Ledger,
    people: list[Person],
    dead: Dead,
    chosen: tuple[tuple[UUID, ...], int | None],
    at: datetime,
    limit: Devices,
    key: Key,
) -> None:
    limited = replace(APPLIED, scenario=SCENARIO.model_copy(update={"devices": limit, "key": key}))
    load(ledger, people, dead, at)
    organisations, number = chosen
    selection = Selection(organisations=organisations, user_id=None if number is None else user(number))
    selected = {number: one for number, one in enumerate(people) if evaluated(one, number, selection)}
    devices = {user(number): live(number, people, dead, limit) for number in selected}
    due = {
        user(number): said
        for number, one in selected.items()
        if (said := verdict(one, devices[user(number)], key)) is not None
    }
    claimed = {who: occasion for who, (occasion, said) in due.items() if said == "claimed"}
    before = {(row["user_id"], row["scenario_type"]): row for row in ledger.rows("select * from rekindle.gate")}

    planned = ledger.plan(Evaluation(limited, selection, terms=TERMS))
    assert {one.user_id: (one.occurrence, one.refusal or "claimed") for one in planned} == due
    assert [one.user_id for one in planned] == sorted(due)
    for one in planned:
        expected = devices[one.user_id] if one.refusal is None else set[Device]()
        assert sorted(one.devices) == sorted((device.kind, device.token) for device in expected)

    run_id, numbers = ledger.claim(Evaluation(limited, selection, terms=TERMS))
    assert numbers.evaluated == len(selected)
    assert numbers.claimed == len(claimed)
    assert dict(numbers.refusals) == Counter(said for _, said in due.values() if said != "claimed")
    assert numbers.evaluated == numbers.not_due + numbers.refused + numbers.claimed

    units = ledger.rows("select * from rekindle.outbox")
    assert sorted(
        (unit["user_id"], unit["device_id"], unit["target_kind"], unit["target"]) for unit in units
    ) == sorted((who, device.device_id, device.kind, device.token) for who in claimed for device in devices[who])
    for unit in units:
        who = unit["user_id"]
        assert unit["occurrence"] == claimed[who]
        assert unit["idempotency_key"] == idempotency_key(who, NAME, at.date(), None if key == "day" else claimed[who])
        assert unit["variables"] == {"first_name": "Ada"} | (VARIABLES[claimed[who]] or {})
        assert unit["organisation_id"] in {organisation for active, organisation in people[number_of(who)].memberships
                                           if active}  # fmt: skip
        assert (unit["state"], unit["epoch"], unit["attempts"], unit["owner"]) == ("claimed", 1, 0, run_id)
        assert unit["cooldown_window_start"] == unit["claimed_at"] == unit["next_try_at"] == at
        assert unit["lease_until"] == at + timedelta(seconds=30)
        assert unit["give_up_at"] == at + timedelta(seconds=SCENARIO.relevance)
        assert (unit["scenario_version"], unit["cooldown_seconds"]) == (3, COOLDOWN)

    after = {(row["user_id"], row["scenario_type"]): row for row in ledger.rows("select * from rekindle.gate")}
    assert after.keys() == before.keys() | {(who, NAME) for who in claimed}
    for (who, scenario_type), gate in after.items():
        if who in claimed and scenario_type == NAME:
            assert {unit["claim_id"] for unit in units if unit["user_id"] == who} == {gate["inflight"]}
            assert gate["next_at"] == at + timedelta(seconds=COOLDOWN)
            assert gate["epoch"] == (before[who, NAME]["epoch"] + 1 if (who, NAME) in before else 1)
        else:
            assert gate == before[who, scenario_type]
    assert len({unit["claim_id"] for unit in units}) == len(claimed)

    _, again = ledger.claim(Evaluation(limited, selection, terms=TERMS))
    assert again.claimed == 0
    refused = Counter("in_flight" if said == "claimed" else said for _, said in due.values())
    assert dict(again.refusals) == refused
    assert ledger.rows("select * from rekindle.outbox") == units


def number_of(who: UUID) -> int:
    return who.int - 0xA0000000
