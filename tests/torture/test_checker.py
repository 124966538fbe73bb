"""The checker must find every planted breach, and report nothing if there is none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from rekindle.effect.assignment import held_out, text_of
from torture import checker
from torture.evidence import Acceptance, Cycle, Ending, Erased, Evidence, Record, RunRow, Trial
from torture.terms import BUDGET_SECONDS, COOLDOWN_SECONDS

CLAIM, DEVICE, PERSON, RUN, OTHER = (UUID(int=number) for number in range(1, 6))
NUMBERS = {"evaluated": 3, "not_due": 1, "refused": 1, "claimed": 1, "carried": 0, "recorded": 1} | dict.fromkeys(
    ("held_out", "skipped", "dead", "unknown", "pending", "handed_over"), 0
)
SENT = Acceptance(CLAIM, DEVICE, PERSON, "again", "at:1", 101.0, "name-1")


def in_order() -> Evidence:
    """One send, recorded by one run, and nothing else."""
    return Evidence(
        accepted=[SENT],
        records=[Record(CLAIM, DEVICE, "name-1", 100.0)],
        notified={CLAIM},
        runs=[RunRow(RUN, "done", 100.0, 102.0, dict(NUMBERS), 1)],
    )


def breached(evidence: Evidence) -> set[str]:
    return {breach.invariant for breach in checker.check(evidence)}


def a_later(seconds: float, **changed: object) -> Callable[[Evidence], None]:
    def plant(evidence: Evidence) -> None:
        later = replace(SENT, claim_id=OTHER, at=SENT.at + seconds, name="name-2", occurrence="at:2", **changed)
        evidence.accepted.append(later)
        evidence.records.append(Record(OTHER, later.device_id, "name-2", 100.0 + seconds))
        evidence.notified.add(OTHER)

    return plant


def ended(outcome: str, reason: str = "x") -> Callable[[Evidence], None]:
    return lambda evidence: evidence.endings.append(Ending(CLAIM, DEVICE, outcome, reason, RUN))


def unrecorded(*then: Callable[[Evidence], None]) -> Callable[[Evidence], None]:
    def plant(evidence: Evidence) -> None:
        evidence.records.clear()
        evidence.notified.clear()
        for step in then:
            step(evidence)

    return plant


def in_a_trial(scope: str) -> Callable[[Evidence], None]:
    """A trial with this scope that holds the person out."""
    ids = (str(UUID(int=number)) for number in range(100))
    trial_id = next(one for one in ids if held_out(one, scope, str(PERSON), 5_000))
    return lambda evidence: evidence.trials.append(Trial(trial_id, scope, 5_000))


def with_texts(number: int) -> Callable[[Evidence], None]:
    """A text trial in which the person gets text A or B: 0 or 1."""
    ids = (str(UUID(int=number)) for number in range(100))
    trial_id = next(one for one in ids if text_of(one, "again", str(PERSON), [5_000, 5_000]) == number)
    return lambda evidence: evidence.trials.append(Trial(trial_id, "text:again", None, [5_000, 10_000]))


def test_the_text_of_the_bucket_is_not_a_breach():
    evidence = in_order()
    with_texts(0)(evidence)
    assert checker.check(evidence) == []


def run(**changed: object) -> Callable[[Evidence], None]:
    return lambda evidence: evidence.runs.append(replace(evidence.runs.pop(), **changed))


def test_a_recorded_send_is_not_a_breach():
    assert checker.check(in_order()) == []


def test_a_send_after_the_cooldown_is_not_a_breach():
    evidence = in_order()
    a_later(COOLDOWN_SECONDS + 0.1)(evidence)
    assert checker.check(evidence) == []


def test_an_accepted_send_that_is_listed_as_unknown_is_not_a_breach():
    evidence = in_order()
    unrecorded(ended("unknown"))(evidence)
    assert checker.check(evidence) == []


def test_a_second_device_of_one_claim_is_not_a_breach():
    evidence = in_order()
    evidence.accepted.append(replace(SENT, device_id=OTHER, name="name-2"))
    evidence.records.append(Record(CLAIM, OTHER, "name-2", 100.0))
    assert checker.check(evidence) == []


ERASED = Erased("recorded", 110.0, 109.0)


def erased(how: str, **changed: object) -> Callable[[Evidence], None]:
    """The person was erased after the send, and the answer said so."""

    def plant(evidence: Evidence) -> None:
        evidence.records.clear()
        evidence.notified.clear()
        evidence.accepted = [replace(one, life=109.0) for one in evidence.accepted]
        evidence.erased[SENT.key] = replace(ERASED, how=how, **changed)
        counted = {"under way": 0, "waiting": 0, "recorded": 0, "outcomes": 0}
        counted["outcomes" if how in ("unknown", "ended") else how] = 1
        evidence.erasures = counted

    return plant


@pytest.mark.parametrize("how", ["recorded", "unknown", "under way"])
def test_a_send_whose_person_was_erased_is_not_a_breach(how: str):
    evidence = in_order()
    erased(how)(evidence)
    assert checker.check(evidence) == []


def test_a_send_after_an_erasure_within_the_old_cooldown_is_not_a_breach():
    evidence = in_order()
    erased("recorded")(evidence)
    a_later(COOLDOWN_SECONDS - 1)(evidence)
    assert checker.check(evidence) == []


PLANTED: dict[str, tuple[Callable[[Evidence], None], str]] = {
    "another claim inside the cooldown": (a_later(COOLDOWN_SECONDS - 0.1), checker.DOUBLE),
    "another claim to another device inside the cooldown": (a_later(1.0, device_id=OTHER), checker.DOUBLE),
    "the same claim sent twice": (
        lambda evidence: evidence.accepted.append(replace(SENT, at=SENT.at + 1, name="name-2")),
        checker.DOUBLE,
    ),
    "the same claim sent twice, long after": (
        lambda evidence: evidence.accepted.append(replace(SENT, at=SENT.at + 100, name="name-2")),
        checker.REPEATED,
    ),
    "one occurrence by two claims": (
        lambda evidence: evidence.accepted.append(replace(SENT, claim_id=OTHER, at=SENT.at + 100, name="name-2")),
        checker.REPEATED,
    ),
    "one occurrence of two digests that begin with other ones": (
        lambda evidence: evidence.accepted.extend(
            replace(
                SENT, claim_id=UUID(int=60 + n), at=SENT.at + 100 * n, name=f"d{n}", occurrence=f"{n}", others=("9",)
            )
            for n in range(1, 3)
        ),
        checker.REPEATED,
    ),
    "accepted and nowhere": (unrecorded(), checker.UNTRACED),
    "accepted and dead": (unrecorded(ended("dead")), checker.UNTRACED),
    "recorded and unknown": (ended("unknown"), checker.BOTH),
    "recorded twice": (lambda evidence: evidence.records.append(evidence.records[0]), checker.BOTH),
    "recorded and never accepted": (lambda evidence: evidence.accepted.clear(), checker.UNFOUNDED),
    "recorded under the name of another device's acceptance": (
        lambda evidence: evidence.records.append(Record(CLAIM, OTHER, "name-1", 100.0)),
        checker.UNFOUNDED,
    ),
    "a notification without a delivery": (lambda evidence: evidence.notified.add(OTHER), checker.UNFOUNDED),
    "a person who is stuck": (lambda evidence: evidence.stuck.append("person"), checker.STUCK),
    "people who are not counted": (run(numbers=NUMBERS | {"not_due": 0}), checker.SUMS),
    "a claim without an ending": (run(numbers=NUMBERS | {"recorded": 0}), checker.SUMS),
    "a claim that vanished": (run(made=0), checker.SUMS),
    "a run that never ended": (run(status="running", finished=None), checker.SUMS),
    "a run that is late for no reason": (run(finished=100.0 + BUDGET_SECONDS + 2), checker.LATE),
    "a cycle that waits for a silent database": (
        lambda evidence: evidence.cycles.append(Cycle("worker-1.log", 0.0, BUDGET_SECONDS + 20.0, "RK201", False)),
        checker.LATE,
    ),
    "one claim more than the cap allows, of several scenarios": (
        lambda evidence: evidence.accepted.extend(
            replace(SENT, claim_id=UUID(int=50 + number), at=SENT.at + 9 * number, scenario_type=f"s{number}")
            for number in range(1, 1 + checker.CAP_PUSHES)
        ),
        checker.CAPPED,
    ),
    "a send after the budget": (
        lambda evidence: evidence.records.append(replace(evidence.records.pop(), run_started=90.0)),
        checker.LATE,
    ),
    "a send after the budget that ended as unknown": (
        unrecorded(ended("unknown"), run(started=80.0, finished=81.0)),
        checker.LATE,
    ),
    "more unknowns than sends in flight": (
        lambda evidence: evidence.endings.extend(
            Ending(CLAIM, UUID(int=number), "unknown", "worker_lost", RUN)
            for number in range(100, 101 + checker.IN_FLIGHT)
        ),
        checker.UNBOUNDED,
    ),
    "a live token that is disabled": (lambda evidence: evidence.disabled.add(DEVICE), checker.DISABLED),
    "sent although it was erased while it waited": (erased("waiting"), checker.UNTRACED),
    "sent although it had ended before it was erased": (erased("ended"), checker.UNTRACED),
    "sent again after its record was erased": (erased("recorded", at=100.0), checker.UNTRACED),
    "erased and recorded": (
        lambda evidence: evidence.erased.update({SENT.key: replace(ERASED, how="under way")}),
        checker.BOTH,
    ),
    "an erasure that counts too few": (
        unrecorded(erased("under way"), lambda evidence: evidence.erasures.update({"under way": 0})),
        checker.MISCOUNTED,
    ),
    "a push that was pruned and not kept": (
        lambda evidence: evidence.forgotten.append((PERSON, "again", "at:1")),
        checker.FORGOTTEN,
    ),
    "a person who came back": (lambda evidence: evidence.returned.append(PERSON), checker.RETURNED),
    "a push to somebody who is held out of a scenario": (in_a_trial("again"), checker.HELD),
    "a push to somebody who is held out of everything": (in_a_trial("*"), checker.HELD),
    "a push with the text of another arm": (with_texts(1), checker.OTHER_TEXT),
    "a title in a log": (lambda evidence: evidence.leaks.append("log"), checker.LEAKED),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_breach_is_found(name: str):
    plant, invariant = PLANTED[name]
    evidence = in_order()
    plant(evidence)
    assert invariant in breached(evidence)


def test_the_document_says_of_each_figure_why_it_must_be_0():
    text = (Path(__file__).parents[2] / "docs/explanation/reliability.md").read_text(encoding="utf-8")
    described = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")]
    assert [one for one in checker.INVARIANTS if one not in described] == []


def test_a_run_during_a_database_crash_may_be_late():
    evidence = in_order()
    run(finished=100.0 + BUDGET_SECONDS + 2)(evidence)
    evidence.disturbed.append((101.0, 103.0))
    assert checker.check(evidence) == []


def test_a_cycle_whose_process_was_stopped_may_be_late():
    evidence = in_order()
    evidence.cycles.append(Cycle("worker-1.log", 0.0, BUDGET_SECONDS + 20.0, "done", True))
    assert checker.check(evidence) == []
