"""Shows people by the id that the team knows."""

from collections import Counter
from uuid import UUID

from rekindle.model import Names


class People:
    """The people of one output."""

    def __init__(self, names: Names) -> None:
        self._external_ids = names.people
        self._uses = Counter(names.people.values())

    def person(self, user_id: UUID) -> str:
        """Their external_id, and in brackets the user_id if another person of this output has the
        same. Only the user_id if they have no external_id."""
        external_id = self._external_ids.get(user_id)
        if external_id is None:
            return str(user_id)
        return f"{external_id} ({user_id})" if self._uses[external_id] > 1 else external_id
