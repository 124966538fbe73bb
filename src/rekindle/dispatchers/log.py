"""A dispatcher that delivers nothing: it accepts every message and logs that it did."""

from itertools import count

from rekindle.dispatchers.kind import DispatcherKind
from rekindle.log import log
from rekindle.model import Accepted, Message, Outcome
from rekindle.ports import Dispatcher


class LogConfig(DispatcherKind):
    """Sends nothing: every message is accepted and logged."""

    kind: str = "log"

    def build(self) -> Dispatcher:
        """See `DispatcherKind.build`."""
        return LogDispatcher()


class LogDispatcher:
    """Accepts every message under a unique name. Logs one debug line per message, with the claim
    and the scenario only.

    For trials without a provider. It costs about seven microseconds per message while the log
    level is above debug.
    """

    kind = "log"

    def __init__(self) -> None:
        self._numbers = count(1)

    @property
    def account(self) -> str | None:
        """See `Dispatcher.account`: it has no limit."""
        return None

    @property
    def immediate(self) -> bool:
        """See `Dispatcher.immediate`: it waits for nothing."""
        return True

    async def open(self) -> None:
        """Does nothing: there is nothing to open."""

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Accept, as `log/<claim>/<number>`; the number never repeats in this dispatcher."""
        del timeout
        log.debug("push.logged", claim_id=str(message.claim_id), scenario_type=message.scenario_type)
        return Accepted(f"log/{message.claim_id}/{next(self._numbers)}")

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """Accept the message; no provider checks it."""
        del timeout
        return Accepted(f"log/{message.claim_id}/validated")

    async def close(self) -> None:
        """Does nothing: there is nothing to close."""
