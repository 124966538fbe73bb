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


def in_turn(applied: Sequence[Applied]) -> list[Applied]:
    """Scenarios in the order in which a run claims them: those that the last run passed over, then
    the others, both by rank."""
    return sorted(in_order(applied), key=lambda one: not one.passed_over)  # mutant: passed-over-first


def evaluations(
    applied: Sequence[Applied], selection: Selection, others: Sequence[Applied], terms: Terms
) -> list[Evaluation]:
    """One evaluation per scenario, in the order in which a run claims them. The `others`, and those
    that are claimed later, may outrank them."""
    turns = in_turn(applied)
    return [
        Evaluation(
            one,
            replace(selection, scenarios=(one.scenario_type,)),
            outranking(one, list({each.scenario_type: each for each in (*others, *turns[number + 1 :])}.values())),
            terms,
        )
        for number, one in enumerate(turns)
    ]
