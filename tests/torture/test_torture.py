"""The harness itself, run for a few seconds on a design that breaks the promise: it must cause
breaches and find them. `make torture` runs it on the product.
"""

from torture.acts import torture
from torture.checker import DOUBLE, UNTRACED
from torture.terms import Session


async def test_the_checker_finds_breaches_of_a_usual_design_within_seconds():
    verdict = await torture(Session("check-send-record", seed=11, seconds=5, recipients=200))
    assert {DOUBLE, UNTRACED} <= {breach.invariant for breach in verdict.breaches}
    assert verdict.evidence.counts["kills"] > 0
    assert verdict.evidence.counts["database crashes"] > 0
    assert sum(hits for name, hits in verdict.evidence.counts.items() if name.startswith("fault ")) > 0
