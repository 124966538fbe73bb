"""What the guard would say, scenario by scenario, to a run that did what is previewed."""

from rekindle.errors import HeldByGuard
from rekindle.model import Selection
from rekindle.policy import Guard
from rekindle.ports import Store


class GuardPreview:
    """Asks the guard about one scenario after another, each after those that it would have allowed. Reads only."""

    def __init__(self, store: Store, guard: Guard, selection: Selection) -> None:
        self._store = store
        self._guard = guard
        self._selection = selection
        self._allowed = 0

    async def held_back(self, scenario_type: str, people: int) -> HeldByGuard | None:
        """Why the guard would hold back a claim of so many people next; None: it would allow them."""
        held = await self._store.held_back(
            scenario_type, people, self._selection, ahead=self._allowed, guard=self._guard
        )
        if held is None:
            self._allowed += people
        return held
