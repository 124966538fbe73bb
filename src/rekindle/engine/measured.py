"""What a run says about itself to a monitoring: its numbers, its faults, and its answers."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

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
    for code in codes:
        measures.RUN_FAULTS.add(code=code)
    for one in report.scenarios:
        name = one.scenario_type
        measures.PEOPLE_EVALUATED.add(one.not_due, scenario=name, outcome="not_due", reason="")
        measures.PEOPLE_EVALUATED.add(one.claimed, scenario=name, outcome="claimed", reason="")
        for reason, people in one.refusals.items():
            measures.PEOPLE_EVALUATED.add(people, scenario=name, outcome="refused", reason=reason)
        measures.PEOPLE_ENDED.add(one.recorded, scenario=name, outcome="recorded", reason="")
        for ending, people in one.reasons.items():
            outcome, _, reason = ending.partition(":")
            if outcome != "retry":  # they wait, and the run that ends them counts them
                measures.PEOPLE_ENDED.add(people, scenario=name, outcome=outcome, reason=reason)


class Answers:
    """Counts the answers to the sends of one run."""

    def __init__(self, cycle: Cycle) -> None:
        self._dispatcher = cycle.dispatcher.kind
        self._spans = SendSpans()

    def count(self, unit: Unit, outcome: Outcome, seconds: float) -> Link:
        """A send took `seconds`. Returns its span, if it has one."""
        said, reason = _outcome(outcome)
        measures.SENDS.add(scenario=unit.scenario_type, outcome=said, reason=reason)
        measures.SEND_SECONDS.observe(seconds, dispatcher=self._dispatcher)
        return self._spans.ended(
            seconds,
            failed=said != "accepted",
            claim_id=unit.claim_id,
            scenario=unit.scenario_type,
            outcome=said,
            reason=reason or None,
        )


def _outcome(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome, Accepted):
        return "accepted", ""
    return ("refused" if isinstance(outcome, Refused) else "uncertain"), outcome.reason
