"""The harness itself, run for a few seconds on a design that breaks the promise: it must cause
breaches and find them. `make torture` runs it on the product.
"""

from torture.acts import torture
from torture.checker import DOUBLE, UNTRACED
from torture.terms import Session


async def test_the_checker_finds_breaches_of_a_usual_design_within_seconds():
    for seconds in (5, 20, 60):  # on a loaded machine less happens in a second
        verdict = await torture(Session("check-send-record", seed=11, seconds=seconds, recipients=200))
        counts = verdict.evidence.counts
        faults = sum(hits for name, hits in counts.items() if name.startswith("fault "))
        found = {breach.invariant for breach in verdict.breaches}
        if {DOUBLE, UNTRACED} <= found and counts["kills"] and counts["database crashes"] and faults:
            return
    raise AssertionError((found, counts))
