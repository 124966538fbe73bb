"""A scenario that is renamed at any moment, however often and by runs of any age, sends each
occurrence once and keeps its cooldown, and nobody who is due is lost by it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.errors import ScenarioRenamed
from rekindle.model import Acceptance, Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, Evaluation
from rekindle.postgres.reports import Reports
from rekindle.scenario import Config
from team.ledger import Ledger

BEGIN = datetime(2026, 3, 9, 12, tzinfo=UTC)
COOLDOWN = timedelta(hours=6)
NAMES = ["old", "new", "another"]
PEOPLE = [UUID(int=0xB0000000 + number) for number in range(2)]
OCCURRENCES = ["a", "b"]

Step = tuple[Literal["want", "wait", "claim", "claim late", "record", "rename", "opt out"], int]
"""What happens: these people become due, by the bits of the number, for the first or the second
occurrence; hours pass; a run that began now, or before the latest renaming, claims; the live claims
are recorded; the scenario gets another name; a person opts out of one of the names."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("want"), st.integers(0, 7)),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 6])),
        st.tuples(st.sampled_from(["claim", "claim", "claim late", "record"]), st.just(0)),
        st.tuples(st.just("rename"), st.integers(0, 2)),
        st.tuples(st.just("opt out"), st.integers(0, 5)),
    ),
    max_size=14,
)


@dataclass
class Oracle:
    """What has happened to each person, whatever the scenario was called."""

    at: datetime = BEGIN
    name: str = "old"
    had: set[str] = field(default_factory=lambda: {"old"})
    due: dict[UUID, str] = field(default_factory=dict[UUID, str])
    pushes: dict[UUID, list[tuple[datetime, str]]] = field(default_factory=lambda: {one: [] for one in PEOPLE})
    live: dict[UUID, str] = field(default_factory=dict[UUID, str])
    out_of: dict[UUID, set[str]] = field(default_factory=lambda: {one: set() for one in PEOPLE})

    def claimable(self) -> set[UUID]:
        """The people that a run claims now."""
        return {
            one
            for one, occurrence in self.due.items()
            if one not in self.live
            and not self.out_of[one] & self.had
            and all(occurrence != sent and at + COOLDOWN <= self.at for at, sent in self.pushes[one])
        }


class World:
    """The ledger beside the oracle."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.oracle = Oracle()
        self.reports = Reports(ledger.database)
        self.runs: list[tuple[UUID, str]] = []
        ledger.begin(BEGIN)
        ledger.sql.execute("delete from rekindle.scenario")
        person = [(one, UUID(int=1), "UTC", "en", True, "Ada") for one in PEOPLE]
        ledger.insert("team.person", "user_id, organisation_id, timezone, locale, active, first_name", person)
        ledger.insert("team.device", "user_id, token", [(one, f"token-{one}") for one in PEOPLE])
        self.apply("old", None)
        self.former = self.in_force()

    def apply(self, name: str, was: str | None) -> None:
        scenario = {
            "kind": "sql",
            "query": "select user_id, occurrence, variables from team.wanted",
            "cooldown": int(COOLDOWN.total_seconds()),
            "key": "occurrence",
            "message": {"en": {"title": "t", "body": "b"}},
        }
        whole = {name: scenario | ({} if was is None else {"was": was})}
        self.ledger.wait(self.reports.store_config(Config.model_validate({"scenario": whole})))

    def in_force(self) -> Applied:
        (one,) = self.ledger.wait(self.ledger.store.applied())
        return one

    def claim(self, applied: Applied) -> None:
        store, oracle = self.ledger.store, self.oracle
        evaluation = Evaluation(applied, Selection(scenarios=(applied.scenario_type,)))
        current = applied.scenario_type == oracle.name and set(applied.names) == oracle.had
        expected = oracle.claimable()
        planned = self.ledger.plan(Evaluation(self.in_force(), Selection()))
        assert {one.user_id for one in planned if one.refusal is None} == expected

        async def work() -> int:
            run_id = await store.open_run(budget_seconds=30, dispatcher="log")
            self.runs.append((run_id, applied.scenario_type))
            return (await store.claim(run_id, evaluation, reserved_seconds=30, guard=UNGUARDED)).claimed

        try:
            claimed = self.ledger.wait(work())
        except ScenarioRenamed:
            assert not current
            return
        assert current
        assert claimed == len(expected)
        oracle.live |= {one: oracle.due[one] for one in expected}

    def record(self) -> None:
        """Whatever the names by which they were claimed, the live claims are sent now."""
        store, oracle = self.ledger.store, self.oracle

        async def work() -> None:
            for run_id, name in self.runs:
                units = await store.leased(run_id, Selection(scenarios=(name,)), limit=10)
                armed = await store.arm(units, lease_seconds=30)
                sent = [unit for unit in units if armed[unit.claim_id, unit.device_id] == "armed"]
                await store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in sent])
                for unit in sent:
                    oracle.pushes[unit.user_id].append((oracle.at, oracle.live.pop(unit.user_id)))

        self.ledger.wait(work())
        self.runs.clear()
        assert not oracle.live

    def step(self, what: str, number: int) -> None:
        oracle = self.oracle
        match what:
            case "want":
                occurrence = OCCURRENCES[number // 4]
                oracle.due = {one: occurrence for bit, one in enumerate(PEOPLE) if number & 1 << bit}
                self.ledger.sql.execute("delete from team.wanted")
                rows = [(one, occurrence, "{}") for one in oracle.due]
                self.ledger.insert("team.wanted", "user_id, occurrence, variables", rows)
            case "wait":
                # The claims that are live are sent before their lease ends.
                self.record()
                oracle.at += timedelta(hours=number)
                self.ledger.now(oracle.at)
            case "claim":
                self.claim(self.in_force())
            case "claim late":
                self.claim(self.former)
            case "rename":
                self.former = self.in_force()
                if (name := NAMES[number]) != oracle.name:
                    self.apply(name, oracle.name)
                    oracle.had.add(name)
                    oracle.name = name
            case "opt out":
                person, name = PEOPLE[number % 2], NAMES[number // 2]
                if person not in oracle.live:  # of a live claim, the last look decides
                    oracle.out_of[person].add(name)
                    self.ledger.insert("team.preference", "user_id, scenario_type, opted_out", [(person, name, True)])
            case _:
                self.record()


def distinct_and_apart(pushes: list[tuple[datetime, str]]) -> bool:
    """Whether no occurrence was sent twice, and none within the cooldown."""
    apart = all(later[0] - one[0] >= COOLDOWN for one, later in pairwise(pushes))
    return apart and len({occurrence for _, occurrence in pushes}) == len(pushes)


@settings(max_examples=40)
@example(steps=[("want", 1), ("claim", 0), ("rename", 1), ("want", 5), ("claim", 0), ("record", 0), ("claim", 0)])
@example(steps=[("want", 3), ("claim", 0), ("record", 0), ("rename", 1), ("wait", 6), ("claim", 0), ("wait", 6)])
@example(steps=[("want", 1), ("rename", 1), ("claim late", 0), ("claim", 0), ("rename", 0), ("claim late", 0)])
@example(steps=[("rename", 1), ("want", 3), ("opt out", 0), ("claim", 0), ("rename", 2), ("opt out", 3), ("claim", 0)])
@given(steps=STEPS)
def test_a_push_counts_whatever_the_scenario_was_called(ledger: Ledger, steps: list[Step]) -> None:
    world = World(ledger)
    for what, number in steps:
        world.step(what, number)
    world.record()
    assert all(distinct_and_apart(pushes) for pushes in world.oracle.pushes.values())
    recorded = ledger.rows("select user_id, dispatched_at, occurrence from rekindle.scenario_notification order by 2")
    for person, pushes in world.oracle.pushes.items():
        assert [(row["dispatched_at"], row["occurrence"]) for row in recorded if row["user_id"] == person] == pushes
