"""The seam to a provider."""

from typing import Protocol

from rekindle.model import Message, Outcome


class Dispatcher(Protocol):
    """Sends one message and says what is known of it afterwards.

    Many calls run at once on one event loop. `send` raises nothing for a failed send: every way it
    can end is an `Outcome`, and what cannot be classified is `Uncertain`. It never sends a message
    again on its own unless the provider has certainly refused it.
    """

    @property
    def kind(self) -> str:
        """The name it has in the configuration."""
        ...

    @property
    def immediate(self) -> bool:
        """True if `send` answers without waiting for anyone: a run then keeps no time back for
        answers."""
        ...

    async def open(self) -> None:
        """Prove, before anything is claimed, that sending is possible at all (credentials,
        reachability).

        Each cycle asks, one after another or several at once; what an earlier one opened stays
        open.

        Raises:
            ProviderError: it is not, and how to fix it.
        """
        ...

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Send, and wait at most `timeout` seconds; no byte leaves after that, and the outcome
        is then known."""
        ...

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """As `send`, except that the provider only checks the message and delivers nothing."""
        ...

    async def close(self) -> None:
        """Release connections. Sends under way end as `Uncertain`."""
        ...
