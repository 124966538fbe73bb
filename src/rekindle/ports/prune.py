"""The port through which a prune deletes what the ledger no longer needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rekindle.access import Actor
from rekindle.policy import Retention

Prunable = Literal[
    "notification", "outcome", "run", "gate", "cap", "spent", "enrolment", "audit", "rest", "disabled_token"
]  # fmt: skip

PRUNABLE: tuple[Prunable, ...] = (
    "notification", "outcome", "run", "gate", "cap", "spent", "enrolment", "audit", "rest", "disabled_token",
)  # fmt: skip
"""What is pruned, in order. Disabled tokens come last, because they need a view of the team, which
may fail."""


@dataclass(frozen=True, slots=True)
class PrunedBatch:
    """How many rows of each table one transaction deleted. `after` is where the next batch begins;
    None: nothing is left."""

    deleted: Mapping[str, int]
    after: Any | None


class Pruning(Protocol):
    """Deletes old rows of the ledger, a small transaction at a time."""

    async def prune_batch(
        self, prunable: Prunable, retention: Retention, *, after: Any | None, wait: bool
    ) -> PrunedBatch | None:
        """Delete one batch, if no other prune is under way; None: there is one. With `wait`, wait
        for it instead."""
        ...

    async def audit_pruned(self, deleted: Mapping[str, int], actor: Actor | None) -> None:
        """Write how many rows of each table a prune has deleted into the audit, in the name of the
        actor; None for the login of the database."""
        ...

    async def count_prunable(self, retention: Retention) -> Mapping[str, int]:
        """How many rows of each table a prune would delete now. Reads only."""
        ...
