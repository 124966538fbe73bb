"""What somebody who looks after people wants to know of them: who got a push, who came back, and
who cannot be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Told:
    """A record of a person who is a recipient of the organisation now. `name` is None if the view
    gives none; `active_at` is their latest activity, None if there is none or no view of them."""

    user_id: UUID
    scenario_type: str
    at: datetime
    name: str | None
    chapter_id: UUID | None
    active_at: datetime | None

    @property
    def back(self) -> bool:
        """Whether the person has been active since."""
        return self.active_at is not None and self.active_at >= self.at


@dataclass(frozen=True, slots=True)
class Alone:
    """An active recipient without a device: no push can reach them."""

    user_id: UUID
    name: str | None
    chapter_id: UUID | None
    active_at: datetime | None


@dataclass(frozen=True, slots=True)
class LookedAfter:
    """The people of some organisations. `told`: records since then, the newest first; `all_told`:
    whether they are all. `alone`: those who have been away longest first."""

    at: datetime
    since: datetime
    told: Sequence[Told]
    all_told: bool
    alone: Sequence[Alone]
