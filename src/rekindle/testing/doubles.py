"""Stand-ins for the two seams of `Deps`. The ledger has none: use a real one."""

from collections.abc import Callable, Sequence
from uuid import UUID

from rekindle.model import Acceptance, Accepted, Message, Outcome, Verdict


class ScriptedDispatcher:
    """Sends nothing, keeps every message in `sent`, and answers what its script says.

    Args:
        answer: called with each message; it returns an outcome or raises. Without it every message
            is accepted.
    """

    kind = "scripted"
    immediate = True

    def __init__(self, answer: Callable[[Message], Outcome] | None = None) -> None:
        self._answer = answer or self._accept
        self.sent: list[Message] = []
        self.validated: list[Message] = []

    async def open(self) -> None:
        """Always possible."""

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Keep the message and answer it."""
        self.sent.append(message)
        return self._answer(message)

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """Keep the message apart from those sent, and answer it."""
        self.validated.append(message)
        return self._answer(message)

    async def close(self) -> None:
        """Nothing is open."""

    def _accept(self, message: Message) -> Outcome:
        return Accepted(f"scripted/{message.claim_id}/{len(self.sent)}")


class BrokenNotifications:
    """A notification repository that fails each time, after counting the attempts in `attempts`."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault
        self.attempts = 0

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        """Raise the fault; nothing is written."""
        self.attempts += 1
        raise self._fault
