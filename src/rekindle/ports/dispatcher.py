"""The port to a provider."""

from typing import Protocol

from rekindle.model import Message, Outcome


class Dispatcher(Protocol):
    """Sends one message and returns what is known of it afterwards.

    Many calls run at once on one event loop. `send` raises nothing for a failed send: each result
    is an `Outcome`, and one that cannot be classified is `Uncertain`. A dispatcher never repeats a
    message by itself unless the provider has certainly rejected it.
    """

    @property
    def kind(self) -> str:
        """Its name in the configuration."""
        ...

    @property
    def immediate(self) -> bool:
        """True if `send` returns without waiting for a provider. A run then reserves no time for
        answers."""
        ...

    @property
    def account(self) -> str | None:
        """What the provider's limit per minute applies to, such as a project, once it is open. All
        runs with the same account share the limit. None: there is no such limit."""
        ...

    async def open(self) -> None:
        """Prove, before anything is claimed, that sending is possible at all (credentials,
        reachability).

        Each cycle calls it, one after another or several at once. What an earlier call opened stays
        open.

        Raises:
            ProviderError: sending is not possible; the hint says how to fix it.
        """
        ...

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Send, and wait at most `timeout` seconds. No byte leaves after that time, and the outcome
        is then known."""
        ...

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """As `send`, except that the provider only checks the message and delivers nothing."""
        ...

    async def close(self) -> None:
        """Release connections. Sends under way end as `Uncertain`."""
        ...
