"""The port to people who are told how the scheduled runs do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

Event = Literal["run.halted", "run.guarded", "run.not_started", "run.abandoned", "schedule.overdue"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that an operator should know. It has no secret, and nothing of a person.

    `due_at` is the instant of the schedule. `tick`, `run_id`, `attempt` and `status` are those of
    its run; None: it has none yet. `code` is the first error of the run.
    """

    event: Event
    scenarios: Sequence[str]
    due_at: datetime
    hint: str
    tick: str | None = None
    run_id: UUID | None = None
    attempt: int | None = None
    status: str | None = None
    code: str | None = None


class Alerts(Protocol):
    """Tells people outside. No method raises or takes longer than a few seconds: what could not be
    told is a line in the log."""

    @property
    def tells(self) -> bool:
        """Whether anybody is told about failures."""
        ...

    async def tell(self, alerts: Sequence[Alert]) -> None:
        """Tell of each alert, once."""
        ...

    async def beat(self) -> None:
        """Tell that a scheduled run went well."""
        ...
