"""Which scenario comes first, and which others compete with it under a frequency cap."""

from collections.abc import Sequence
from dataclasses import replace

from rekindle.model import Selection
from rekindle.ports import Applied, Evaluation, Terms


def in_order(applied: Sequence[Applied]) -> list[Applied]:
    """Scenarios by descending priority, then by name: the same order in every process.

    Critical scenarios come first. No cap limits them, so they are claimed whatever the others do.
    """
    return sorted(applied, key=lambda one: (not one.scenario.critical, -one.scenario.priority, one.scenario_type))


def outranking(one: Applied, others: Sequence[Applied]) -> list[Applied]:
    """The others that outrank this one (see `Evaluation.outranking`), highest priority first."""
    if not one.scenario.capped_somewhere or one.scenario.critical:
        return []
    ranked = in_order([*(other for other in others if other.scenario_type != one.scenario_type), one])
    return [other for other in ranked[: ranked.index(one)] if other.scenario.capped_somewhere]


def evaluations(
    applied: Sequence[Applied], selection: Selection, others: Sequence[Applied], terms: Terms
) -> list[Evaluation]:
    """One evaluation per scenario, in the order in which a run claims them. The `others` may
    outrank them."""
    return [
        Evaluation(one, replace(selection, scenarios=(one.scenario_type,)), outranking(one, others), terms)
        for one in in_order(applied)
    ]
