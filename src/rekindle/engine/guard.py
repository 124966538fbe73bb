"""What the guard would decide, scenario by scenario, in a run that claims what is previewed."""

from rekindle.errors import HeldByGuard
from rekindle.model import Selection
from rekindle.policy import Guard
from rekindle.ports import Store, Survey


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
        self._allowed = 0

    async def held_back(self, scenario_type: str, people: int) -> HeldByGuard | None:
        """Why the guard would hold back a claim of `people` next; None: it would allow them."""
        held = None
        if people and self._selection.user_id is None and self._guard.watches:
            self._survey = self._survey or await self._store.survey(
                self._selection, timeout_seconds=self._timeout_seconds
            )
            held = await self._store.held_back(
                scenario_type, people, recipients=self._survey.recipients, ahead=self._allowed, guard=self._guard
            )
        if held is None:
            self._allowed += people
        return held
