"""The people who gain and lose by an edited configuration are the difference of two sets that
Python computes."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rekindle.engine.difference import difference, edits
from rekindle.engine.guard import GuardPreview
from rekindle.model import Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, Difference, Terms
from rekindle.postgres.difference import PostgresDifferences
from rekindle.scenario import fingerprint, parse_scenario
from team.ledger import Ledger

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NAMES = ["a", "b", "c"]
WISHES = ["x", "y", "z"]
ORGANISATIONS = [None, UUID(int=101), UUID(int=102)]


@dataclass(frozen=True)
class Rule:
    """A scenario: whose wish it reads, and how many pushes per day it allows a person over all
    scenarios."""

    name: str
    wish: str
    priority: int
    enabled: bool
    most: int

    def applied(self) -> Applied:
        scenario = parse_scenario({
            "kind": "sql",
            "cooldown": "7d",
            "query": "select user_id, occurrence, '{}'::jsonb as variables from team.wish "
                     f"where scenario_type = '{self.wish}'",
            "priority": self.priority,
            "enabled": self.enabled,
            "caps": [f"{self.most} per 1d"],
            "message": {"en": {"title": "t", "body": "b"}},
        })  # fmt: skip
        return Applied(self.name, 1, scenario, fingerprint(scenario))


@dataclass(frozen=True)
class Person:
    sent: int  # pushes in the last day
    wishes: frozenset[str]
    organisation: UUID | None
    reachable: bool


def user(number: int) -> UUID:
    # Spread over the whole range, and not in the order of insertion.
    return UUID(bytes=bytes([(number * 151 + 77) % 256]) + bytes(14) + bytes([number]))


def claimed(people: Sequence[Person], rules: Sequence[Rule]) -> dict[str, set[UUID]]:
    """The people that a run of these rules would claim, by scenario."""
    won: dict[str, set[UUID]] = {}
    for number, person in enumerate(people):
        counted = person.sent
        for rule in sorted(rules, key=lambda one: (-one.priority, one.name)):
            if rule.enabled and rule.wish in person.wishes and person.reachable and counted < rule.most:
                won.setdefault(rule.name, set()).add(user(number))
                counted += 1
    return won


def load(ledger: Ledger, people: Sequence[Person]) -> None:
    ledger.begin(AT)
    for number, one in enumerate(people):
        who = user(number)
        ledger.insert("team.person", "user_id, organisation_id, active", [(who, one.organisation, True)])
        ledger.insert("team.wish", "user_id, scenario_type, occurrence", [(who, name, "once") for name in one.wishes])
        ledger.insert("team.device", "user_id, token, target_kind", [(who, f"t{number}", "token")] * one.reachable)
        counted = {f"{number}/{hours}": (AT - timedelta(hours=hours)).timestamp() for hours in range(one.sent)}
        ledger.insert("rekindle.cap", "user_id, counted", [(who, Jsonb(counted))])


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Rule]:
    """Some of the scenarios, which share their cap."""
    most = draw(st.integers(1, 3))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return [
        Rule(
            name,
            draw(st.sampled_from(WISHES)),
            draw(st.sampled_from([10, 50, 90])),
            draw(st.sampled_from([True] * 3 + [False])),
            most,
        )
        for name in sorted(names)
    ]


PEOPLE = st.lists(
    st.builds(
        Person,
        st.integers(0, 2),
        st.frozensets(st.sampled_from(WISHES)),
        st.sampled_from(ORGANISATIONS),
        st.sampled_from([True] * 4 + [False]),
    ),
    max_size=9,
)


@settings(max_examples=60)
@given(people=PEOPLE, old=rule_sets(), new=rule_sets())
def test_the_difference_of_two_configurations_is_that_of_the_people_each_would_claim(
    ledger: Ledger, people: list[Person], old: list[Rule], new: list[Rule]
) -> None:
    load(ledger, people)
    former, latter = claimed(people, old), claimed(people, new)
    found: dict[str, Difference] = {}
    effects: dict[str, dict[UUID, str]] = {}

    async def work() -> None:
        sides = [[rule.applied() for rule in side] for side in (old, new)]
        differences = PostgresDifferences(ledger.database)
        compared = edits(*sides, Selection(), Terms())
        guarded = GuardPreview(ledger.store, UNGUARDED, Selection())
        async with aclosing(difference(differences, compared, guarded)) as steps:
            async for step in steps:
                people_of = effects.setdefault(step.scenario_type, {})
                if isinstance(step, Difference):
                    found[step.scenario_type] = step
                else:
                    assert step.user_id not in people_of
                    people_of[step.user_id] = step.effect

    ledger.wait(work())
    assert {one.scenario_type for one in found.values() if one.fault} == set()
    organisations = {user(number): one.organisation for number, one in enumerate(people)}
    for name in {*former, *latter, *found}:
        was, will = former.get(name, set()), latter.get(name, set())
        expected = dict.fromkeys(will - was, "gain")
        expected |= dict.fromkeys(was - will, "lose") | dict.fromkeys(was & will, "stay")
        assert effects.get(name, {}) == expected
        assert list(effects.get(name, {})) == sorted(expected)
        for organisation, counted in found[name].organisations.items() if name in found else ():
            theirs = [effect for who, effect in expected.items() if organisations[who] == organisation]
            assert counted == {effect: theirs.count(effect) for effect in set(theirs)}
