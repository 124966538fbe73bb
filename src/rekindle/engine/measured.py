"""What a run says about itself to a monitoring: its numbers, its faults, and its answers."""

import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rekindle.engine.cycle import Cycle
from rekindle.errors import KeyTaken, RekindleError
from rekindle.model import Accepted, Outcome, Refused, Report, Unit
from rekindle.telemetry import measures
from rekindle.telemetry.spans import Link, SendSpans, Span, span


@contextmanager
def measured_run(cycle: Cycle) -> Generator[None]:
    """The block is a run: it has a span, its time is measured, and the fault that it raises is
    counted."""
    started = time.monotonic()
    measures.BREAKER_OPEN.set(0)
    with span("run", run_id=cycle.run_id, dispatcher=cycle.dispatcher.kind):
        try:
            yield
        except KeyTaken:  # another run does the work
            raise
        except RekindleError as fault:
            measures.RUN_FAULTS.add(code=fault.code)
            raise
        finally:
            measures.RUN_SECONDS.observe(time.monotonic() - started)


@contextmanager
def measured_claim(scenario_type: str) -> Generator[Span]:
    """The block evaluates and claims one scenario."""
    started = time.monotonic()
    try:
        with span("claim_scenario", scenario=scenario_type) as claiming:
            yield claiming
    finally:
        measures.CLAIM_SECONDS.observe(time.monotonic() - started, scenario=scenario_type)


def count_report(report: Report, codes: Sequence[str] = ()) -> None:
    """A run has reported its end. `codes` are those of the faults that it survived, and of what
    halted it."""
    measures.RUNS.add(status=report.status)
    measures.LAST_RUN_AT.set(time.time())
    for code in codes:
        measures.RUN_FAULTS.add(code=code)
    for one in report.scenarios:
        name = one.scenario_type
        measures.PEOPLE_EVALUATED.add(one.not_due, scenario=name, outcome="not_due", reason="")
        measures.PEOPLE_EVALUATED.add(one.claimed, scenario=name, outcome="claimed", reason="")
        for reason, people in one.refusals.items():
            measures.PEOPLE_EVALUATED.add(people, scenario=name, outcome="refused", reason=reason)
        measures.PEOPLE_ENDED.add(one.recorded, scenario=name, outcome="recorded", reason="")
        measures.PEOPLE_ENDED.add(one.held_out, scenario=name, outcome="held_out", reason="")
        for ending, people in one.reasons.items():
            outcome, _, reason = ending.partition(":")
            if outcome != "retry":  # they wait, and the run that ends them counts them
                measures.PEOPLE_ENDED.add(people, scenario=name, outcome=outcome, reason=reason)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one send, which took `seconds`. `armed_at` is a reading of `time.monotonic`;
    `span` is that of the send, if it has one."""

    unit: Unit
    outcome: Outcome
    armed_at: float
    seconds: float = 0.0
    span: Link = None


def count_answers(answers: Sequence[Answer], *, dispatcher: str) -> None:
    """These answers were written now."""
    measures.SENDS_IN_FLIGHT.add(-len(answers))
    if not measures.published():
        return
    now = time.monotonic()
    for (scenario, outcome, reason), sends in Counter(map(_labels, answers)).items():
        measures.SENDS.add(sends, scenario=scenario, outcome=outcome, reason=reason)
    for one in answers:
        measures.SEND_SECONDS.observe(one.seconds, dispatcher=dispatcher)
        measures.RECORD_SECONDS.observe(now - one.armed_at)


def send_span(spans: SendSpans, unit: Unit, outcome: Outcome, seconds: float) -> Link:
    """The span of a send that has just ended, if it gets one."""
    failed = not isinstance(outcome, Accepted)
    if not spans.wants(failed=failed):
        return None
    said, reason = _outcome(outcome)
    return spans.ended(
        seconds, claim_id=unit.claim_id, scenario=unit.scenario_type, outcome=said, reason=reason or None
    )


def _labels(answer: Answer) -> tuple[str, str, str]:
    return (answer.unit.scenario_type, *_outcome(answer.outcome))


def _outcome(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome, Accepted):
        return "accepted", ""
    return ("refused" if isinstance(outcome, Refused) else "uncertain"), outcome.reason
