"""Which disabled tokens are meant."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Disabled:
    """The disabled tokens that meet every condition: these devices (empty: any); those of one
    person; those with this reason; those that were disabled within this many seconds."""

    device_ids: tuple[UUID, ...] = ()
    user_id: UUID | None = None
    reason: str | None = None
    within_seconds: float | None = None
