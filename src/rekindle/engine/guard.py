"""What the guard would decide, scenario by scenario, in a run that claims what is previewed."""

from collections.abc import Mapping, Sequence

from rekindle.errors import DatabaseError, DatabaseUnreachable, HeldByGuard, SourceError
from rekindle.model import Selection
from rekindle.policy import Guard
from rekindle.ports import Evaluation, Store, Survey


class GuardPreview:
    """Asks the guard about one scenario after another. Each one counts after those that the guard
    would have allowed. Reads only.

    Args:
        survey: of the selection, if it is known already.
        timeout_seconds: how long reading the survey may take if it is not known.
    """

    def __init__(
        self,
        store: Store,
        guard: Guard,
        selection: Selection,
        *,
        survey: Survey | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._store = store
        self._guard = guard
        self._selection = selection
        self._survey = survey
        self._timeout_seconds = timeout_seconds
        self._ahead: list[Evaluation] = []
        self._people = 0

    async def held_back(self, evaluation: Evaluation, people: int) -> HeldByGuard | None:
        """Why the guard would hold back this claim of `people` next; None: it would allow them."""
        if not people or self._selection.user_id is not None or not self._guard.watches:
            return None
        self._survey = self._survey or await self._store.survey(self._selection, timeout_seconds=self._timeout_seconds)
        held = await self._store.held_back(
            [*self._ahead, evaluation],
            people,
            recipients=self._survey.recipients,
            ahead=self._people,
            guard=self._guard,
        )
        if held is None:
            self._ahead.append(evaluation)
            self._people += people
        return held


async def held_in_a_run(store: Store, evaluations: Sequence[Evaluation], guard: Guard) -> Mapping[str, HeldByGuard]:
    """By scenario, why the guard would hold back what a run of these evaluations would claim now.
    Reads only.

    A scenario that cannot be evaluated is left out, as a run leaves it out.
    """
    held: dict[str, HeldByGuard] = {}
    if not evaluations or not guard.watches:
        return held
    selection, seconds = evaluations[0].selection, evaluations[0].terms.timeout_seconds
    preview = GuardPreview(store, guard, selection, timeout_seconds=seconds)
    for evaluation in evaluations:
        try:
            why = await preview.held_back(evaluation, await store.claimable(evaluation))
        except DatabaseUnreachable:
            raise
        except (SourceError, DatabaseError):
            continue
        if why is not None:
            held[evaluation.applied.scenario_type] = why
    return held


def together(held: Sequence[HeldByGuard]) -> HeldByGuard | None:
    """What the guard holds back, as one error: an operator confirms the sum of its claims. None: it
    holds back nothing."""
    if len(held) < 2:
        return next(iter(held), None)
    people = sum(one.people for one in held)
    return HeldByGuard(
        f"the guard holds back {len(held)} scenarios: {'; '.join(one.message for one in held)}",
        hint=f"See `rekindle plan`. To allow all of them, run `rekindle run --confirm {people}`.",
        people=people,
        each=held,
    )
