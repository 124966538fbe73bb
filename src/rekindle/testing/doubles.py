"""Test doubles for two of the ports in `Deps`. The ledger has none: use a real one."""

from collections.abc import Callable, Sequence
from uuid import UUID

from rekindle.model import Acceptance, Accepted, Message, Outcome, Verdict


class ScriptedDispatcher:
    """Sends nothing, keeps every message in `sent`, and returns scripted outcomes.

    Args:
        answer: called with each message; returns an outcome or raises. Without it, every message is
            accepted.
    """

    kind = "scripted"
    immediate = True
    account: str | None = None

    def __init__(self, answer: Callable[[Message], Outcome] | None = None) -> None:
        self._answer = answer or self._accept
        self.sent: list[Message] = []
        self.validated: list[Message] = []

    async def open(self) -> None:
        """Does nothing."""

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Keep the message and return its outcome."""
        self.sent.append(message)
        return self._answer(message)

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """Keep the message separately from those sent, and return its outcome."""
        self.validated.append(message)
        return self._answer(message)

    async def close(self) -> None:
        """Does nothing."""

    def _accept(self, message: Message) -> Outcome:
        return Accepted(f"scripted/{message.claim_id}/{len(self.sent)}")


class BrokenNotifications:
    """A notification repository that always fails, and counts the attempts in `attempts`."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault
        self.attempts = 0

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        """Raise the given error; writes nothing."""
        self.attempts += 1
        raise self._fault
