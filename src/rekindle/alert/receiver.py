"""One request to one receiver, to the address that was looked up, over trusted TLS."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rekindle.alert.addresses import addresses
from rekindle.errors import AlertFailed
from rekindle.outbound import Unanswered, answered, place

ANSWER_SECONDS = 5.0
"""How long one request may take, from the look-up of the name to the status of the answer."""


@dataclass(frozen=True)
class Receiver:
    """Where to send. Nothing that this class writes quotes the address."""

    name: Literal["heartbeat", "webhook"]
    url: str = field(repr=False)
    allow_private: bool = False

    async def resolve(self) -> None:
        """Look the name up. Connects to nothing.

        Raises:
            AlertFailed: it is not known, its address is not allowed, or the DNS gives no answer.
        """
        async with self._in_time():
            await self._addresses()

    async def send(self, content: bytes | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Send once: a GET, or with content a POST. Any status from 200 to 299 is a success; the
        body of the answer is not read.

        Raises:
            AlertFailed: it was not delivered, or the answer says so or did not come.
        """
        trusted = self._trusted
        async with self._in_time():
            status = await self._status(trusted, content, headers or {})
        if 300 <= status < 400:
            raise AlertFailed(
                f"the {self.name} redirects (HTTP {status})",
                hint="Name the address that it redirects to; redirects are not followed.",
            )
        if not 200 <= status < 300:
            raise AlertFailed(
                f"the {self.name} answered HTTP {status}", hint="Look at the receiver, or correct the address."
            )

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The system's certificates, or those that SSL_CERT_FILE names. Reading them takes 40 ms,
        in which no run goes on."""
        return ssl.create_default_context()

    async def _addresses(self) -> Sequence[str]:
        return await addresses(*place(self.url), allow_private=self.allow_private, receiver=self.name)

    async def _status(self, trusted: ssl.SSLContext, content: bytes | None, headers: Mapping[str, str]) -> int:
        known = await self._addresses()
        try:
            async with answered(self.url, known, trusted=trusted, headers=headers, content=content) as response:
                return response.status_code
        except Unanswered as fault:
            raise self._unreachable(fault) from None

    def _unreachable(self, fault: Unanswered) -> AlertFailed:
        if fault.why == "tls":
            return AlertFailed(
                f"no trusted TLS connection to the {self.name}",
                hint="Its certificate must be valid for the name in the address. SSL_CERT_FILE names other roots.",
            )
        if fault.why == "connection":
            return AlertFailed(
                f"no connection to the {self.name}", hint="Check the address, the network and its firewall."
            )
        return AlertFailed(f"the {self.name} gave no valid answer", hint="Look at the receiver.")

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        """Limit the time of a block. What did not end in time is an `AlertFailed`."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                yield
        except TimeoutError:
            raise AlertFailed(
                f"the {self.name} gave no answer within {ANSWER_SECONDS:g} s", hint="Look at the receiver."
            ) from None
