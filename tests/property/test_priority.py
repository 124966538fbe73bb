"""If a frequency cap has no place for every scenario that is due for a person, the winner
depends neither on which run comes first nor on which scenarios a run includes."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rekindle.engine.claim import claim
from rekindle.engine.cycle import Cycle, Deps, Limits
from rekindle.engine.open import open_run
from rekindle.engine.preview import plan
from rekindle.engine.priority import evaluations
from rekindle.model import Candidate, Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, Terms
from rekindle.scenario import fingerprint, parse_scenario
from rekindle.testing import ScriptedDispatcher
from team.ledger import Ledger

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Places = set[tuple[int, str]]
"""The people that each scenario won."""


@dataclass(frozen=True)
class Rule:
    """A scenario: how many pushes per day it allows a person, and its priority over others."""

    name: str
    priority: int
    critical: bool
    most: int

    def applied(self) -> Applied:
        scenario = parse_scenario({
            "kind": "sql",
            "cooldown": "7d",
            "query": "select user_id, occurrence, '{}'::jsonb as variables from team.wish "
                     f"where scenario_type = '{self.name}'",
            "priority": self.priority,
            "critical": self.critical,
            "caps": [f"{self.most} per 1d"],
            "message": {"en": {"title": "t", "body": "b"}},
        })  # fmt: skip
        return Applied(self.name, 1, scenario, fingerprint(scenario))


@dataclass(frozen=True)
class Person:
    sent: int  # pushes in the last day
    wanted_by: frozenset[str]


def user(number: int) -> UUID:
    return UUID(int=0xA0000000 + number)


def winners(people: Sequence[Person], rules: Sequence[Rule]) -> Places:
    """First the critical ones, which no cap stops and all caps count; then by priority; then by
    name."""
    won: Places = set()
    for number, person in enumerate(people):
        counted = person.sent
        for rule in sorted(rules, key=lambda one: (not one.critical, -one.priority, one.name)):
            if rule.name in person.wanted_by and (rule.critical or counted < rule.most):
                won.add((number, rule.name))
                counted += 1
    return won


def load(ledger: Ledger, people: Sequence[Person]) -> None:
    ledger.begin(AT)
    everyone = list(enumerate(people))
    ledger.insert("team.person", "user_id, active", [(user(number), True) for number, _ in everyone])
    ledger.insert("team.device", "user_id, token, target_kind", [(user(n), f"t{n}", "token") for n, _ in everyone])
    ledger.insert(
        "team.wish",
        "user_id, scenario_type, occurrence",
        [(user(number), name, "once") for number, one in everyone for name in one.wanted_by],
    )
    for number, one in everyone:
        counted = {f"{number}/{hours}": (AT - timedelta(hours=hours)).timestamp() for hours in range(one.sent)}
        ledger.insert("rekindle.cap", "user_id, counted", [(user(number), Jsonb(counted))])


def run(ledger: Ledger, rules: Sequence[Rule], names: Sequence[str]) -> None:
    """A run of the named scenarios, as the engine makes it."""

    async def work() -> None:
        chosen = [rule.applied() for rule in rules if rule.name in names]
        others = [rule.applied() for rule in rules if rule.name not in names]
        deps = Deps(ScriptedDispatcher(), ledger.store, ledger.store)
        cycle = Cycle.begin(deps, chosen, Selection(), Limits(guard=UNGUARDED), others=others)
        await open_run(cycle)
        assert (await claim(cycle)).faults == ()

    ledger.wait(work())


def planned(ledger: Ledger, rules: Sequence[Rule], names: Sequence[str]) -> Places:
    """The people that a run of the named scenarios would claim."""

    async def work() -> Places:
        chosen = [rule.applied() for rule in rules if rule.name in names]
        others = [rule.applied() for rule in rules if rule.name not in names]
        found: Places = set()
        asked = evaluations(chosen, Selection(), [*chosen, *others], Terms())
        async with aclosing(plan(ledger.store, asked, guard=UNGUARDED)) as steps:
            async for one in steps:
                if isinstance(one, Candidate) and one.refusal is None:
                    found.add((one.user_id.int - 0xA0000000, one.scenario_type))
        return found

    return ledger.wait(work())


def claimed(ledger: Ledger) -> Places:
    rows = ledger.rows("select user_id, scenario_type from rekindle.outbox")
    return {(row["user_id"].int - 0xA0000000, row["scenario_type"]) for row in rows}


NAMES = ["a", "b", "c", "d"]
ALL = frozenset(NAMES)
PEOPLE = st.lists(st.builds(Person, st.integers(0, 2), st.frozensets(st.sampled_from(NAMES))), min_size=1, max_size=4)
PRIORITIES = st.sampled_from([10, 50, 50, 90])
CRITICAL = st.sampled_from([False, False, False, True])


@st.composite
def rule_sets(draw: st.DrawFn, *, one_cap: bool) -> list[Rule]:
    most = st.just(draw(st.integers(1, 3))) if one_cap else st.integers(1, 3)
    return [Rule(name, draw(PRIORITIES), draw(CRITICAL), draw(most)) for name in NAMES]


# Each run includes a few of them; some are never run.
RUNS = st.permutations(NAMES).flatmap(
    lambda order: st.lists(st.integers(1, 3), min_size=1, max_size=4).map(
        lambda sizes: [order[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
    )
)


@settings(max_examples=40)
@example(  # the critical one has the lowest priority, and its run comes last, or first
    people=[Person(0, ALL)],
    rules=[Rule("a", 90, critical=False, most=1), Rule("b", 10, critical=True, most=1)],
    runs=[["a"], ["b"]],
)
@example(people=[Person(1, ALL)], rules=[Rule(name, 50, critical=False, most=2) for name in NAMES], runs=[["c"], ["a"]])
@given(people=PEOPLE, rules=rule_sets(one_cap=True), runs=RUNS)
def test_with_one_cap_for_all_the_same_scenario_wins_whichever_run_comes_first(
    ledger: Ledger, people: list[Person], rules: list[Rule], runs: list[list[str]]
) -> None:
    load(ledger, people)
    expected = winners(people, rules)
    ran: set[str] = set()
    for names in runs:
        would = planned(ledger, rules, names)
        run(ledger, rules, names)
        ran |= set(names)
        assert claimed(ledger) == {(number, name) for number, name in expected if name in ran}
        assert would == {(number, name) for number, name in expected if name in names}


@settings(max_examples=40)
@given(people=PEOPLE, rules=rule_sets(one_cap=False))
def test_with_separate_caps_a_run_of_all_scenarios_follows_priority(
    ledger: Ledger, people: list[Person], rules: list[Rule]
) -> None:
    load(ledger, people)
    would = planned(ledger, rules, NAMES)
    run(ledger, rules, NAMES)
    assert would == claimed(ledger) == winners(people, rules)
