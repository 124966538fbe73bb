"""A ledger that is pruned at any moments claims the same people for the same occurrences as one
that keeps everything."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rekindle.engine.prune import Pruner
from rekindle.model import Acceptance, Ending, Selection, Unit
from rekindle.policy import Retention
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.prune import PostgresPruning
from rekindle.scenario import definition, fingerprint, parse_scenario
from team.ledger import Ledger

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT_ONCE = Retention(notification=1, outcome=1, run=1, gate=1, disabled_token=1, audit=1, api_key=1)
"""Far shorter than a configuration may say, so that a few steps are enough to need what is gone."""
PEOPLE = [UUID(int=0xA0000000 + number) for number in range(2)]


def _applied(name: str, **keys: Any) -> Applied:
    text = {"en": {"title": "t", "body": "b"}}
    one = parse_scenario({"cooldown": "3d", "caps": ["3 per 7d"], "message": text} | keys)
    return Applied(name, 1, one, fingerprint(one))


SCENARIOS = [
    _applied("absence", kind="inactivity", after=["10d", "20d", "40d", "400d"], limit=3, back_off=2),
    _applied("marks", kind="milestone", at=[2, 3, 5]),
    _applied("papers", kind="expiry", before=["20d", "100d", "700d"], digest={}),
    _applied("shifts", kind="event", before=["2h", "30d"], digest={}),
    _applied("own", kind="sql", query="select user_id, occurrence, variables from team.wanted", digest={"items": "x"}),
]


@dataclass(frozen=True)
class Step:
    """What happens, and then a run whose sends end in `ends`, in turn."""

    days: int
    active: list[int] = field(default_factory=list[int])
    less_active: bool = False
    certificate: int | None = None
    shift: int | None = None  # the hours until which the one shift of the first person is moved
    wanted: list[str] = field(default_factory=list[str])
    ends: list[str] = field(default_factory=lambda: ["recorded"])
    pruned: bool = True


STEPS = st.builds(
    Step,
    days=st.sampled_from([1, 3, 9, 11, 25, 90, 420]),
    active=st.lists(st.integers(0, len(PEOPLE) - 1), max_size=3),
    less_active=st.sampled_from([False, False, False, True]),
    certificate=st.sampled_from([None, None, 15, 90, 500]),
    shift=st.sampled_from([None, None, 1, 500, 900]),
    wanted=st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
    ends=st.lists(st.sampled_from(["recorded", "recorded", "unknown", "dead"]), min_size=1, max_size=4),
    pruned=st.booleans(),
)

Decisions = list[tuple[str, dict[str, int], list[Any]]]


def play(ledger: Ledger, steps: list[Step], *, pruning: bool) -> Decisions:
    """Every decision of every run: for each scenario the refusals, and who was claimed for what."""
    ledger.activities_are("instant")
    now = START
    ledger.begin(now)
    ledger.insert("team.person", "user_id, active", [(who, True) for who in PEOPLE])
    ledger.insert("team.device", "user_id, token, target_kind", [(who, f"t{who}", "token") for who in PEOPLE])
    ledger.sql.execute("delete from rekindle.scenario")
    ledger.insert(
        "rekindle.scenario",
        "scenario_type, version, definition, fingerprint",
        [(one.scenario_type, 1, Jsonb(definition(one.scenario)), one.fingerprint) for one in SCENARIOS],
    )
    decisions: Decisions = []
    for number, step in enumerate(steps):
        now += timedelta(days=step.days)
        ledger.at(now)
        ledger.insert("team.activity_instant", "user_id, activity_date", [(PEOPLE[who], now) for who in step.active])
        if step.less_active:
            ledger.sql.execute("delete from team.activity_instant where activity_date = "
                               "(select max(activity_date) from team.activity_instant)")  # fmt: skip
        if step.certificate is not None:
            paper = (UUID(int=number), PEOPLE[0], f"Paper {number}", (now + timedelta(days=step.certificate)).date())
            ledger.insert("team.certificate", "certification_id, user_id, name, expires_on", [paper])
        if step.shift is not None:
            ledger.sql.execute("delete from team.event")
            shift = ("shift", PEOPLE[0], "Shift", now + timedelta(hours=step.shift))
            ledger.insert("team.event", "event_id, user_id, name, starts_at", [shift])
        ledger.sql.execute("delete from team.wanted")
        ledger.insert(
            "team.wanted", "user_id, occurrence, variables", [(who, one, "{}") for who in PEOPLE for one in step.wanted]
        )
        decisions += [run(ledger, one, step.ends) for one in SCENARIOS]
        if pruning and step.pruned:
            done = ledger.wait(Pruner(PostgresPruning(ledger.database), AT_ONCE).prune())
            for table in done.deleted:
                event(f"pruned {table}")
    return decisions


def run(ledger: Ledger, applied: Applied, ends: list[str]) -> tuple[str, dict[str, int], list[Any]]:
    run_id, numbers = ledger.claim(Evaluation(applied, Selection(scenarios=(applied.scenario_type,)), terms=Terms()))
    occurrences = ledger.rows("select user_id, occurrence, other_occurrences from rekindle.outbox order by user_id")
    ledger.wait(end(ledger, run_id, applied.scenario_type, ends))
    return applied.scenario_type, dict(Counter(numbers.refusals)), occurrences


async def end(ledger: Ledger, run_id: UUID, scenario_type: str, ends: list[str]) -> None:
    store = ledger.store
    units = sorted(
        await store.leased(run_id, Selection(scenarios=(scenario_type,)), limit=100), key=lambda unit: unit.user_id
    )
    armed = await store.arm(units, lease_seconds=60)
    sent: dict[str, list[Unit]] = {"recorded": [], "unknown": [], "dead": []}
    for number, unit in enumerate(unit for unit in units if armed[unit.claim_id, unit.device_id] == "armed"):
        sent[ends[number % len(ends)]].append(unit)
    await store.record(run_id, [Acceptance(unit, "n") for unit in sent["recorded"]])
    await store.finish(run_id, [Ending(unit, "dead", "invalid_argument") for unit in sent["dead"]])
    await store.hold([(unit, "timeout") for unit in sent["unknown"]])
    ledger.sql.execute("update rekindle.outbox set lease_until = rekindle.clock() - interval '1 second'")
    await store.sweep()
    await store.count_run(run_id, status="done")
    assert ledger.rows("select * from rekindle.outbox") == []


@pytest.mark.slow
@settings(max_examples=4)
@example(  # what was sent must be known again after more than a year, of each kind
    steps=[
        Step(1, active=[0, 1], certificate=500, wanted=["a"]),
        Step(11, wanted=["a"], ends=["recorded", "unknown"]),
        Step(25, active=[0, 0], wanted=["b"]),
        Step(420, active=[0], wanted=["a", "b"]),
        Step(90, less_active=True, wanted=["b"]),
        Step(11, active=[1], wanted=["a"]),
    ]
)
@given(steps=st.lists(STEPS, min_size=2, max_size=7))
def test_claims_with_prunes_at_any_moments_are_those_without(ledger: Ledger, steps: list[Step]) -> None:
    kept = play(ledger, steps, pruning=False)
    pruned = play(ledger, steps, pruning=True)
    assert pruned == kept
