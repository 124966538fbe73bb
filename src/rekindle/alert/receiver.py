"""One request to one receiver, to the address that was looked up, over trusted TLS.

It uses httpx's transport and not its client: the client writes each address into the log, and the
path may be a secret.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal
from urllib.parse import urlsplit

from rekindle.alert.addresses import addresses
from rekindle.errors import AlertFailed

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
        async with self._in_time():
            status = await self._status(content, headers or {})
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

    async def _addresses(self) -> tuple[str, int, list[str]]:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 443
        found = await addresses(host, port, allow_private=self.allow_private, receiver=self.name)
        return host, port, list(found)

    async def _status(self, content: bytes | None, headers: Mapping[str, str]) -> int:
        import httpx

        parts = urlsplit(self.url)
        host, port, found = await self._addresses()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # No proxy; nothing is sent twice.
        transport = httpx.AsyncHTTPTransport(verify=self._trusted, trust_env=False)
        async with transport:
            for number, address in enumerate(found, start=1):
                request = httpx.Request(
                    "GET" if content is None else "POST",
                    httpx.URL(scheme="https", host=address, port=port, raw_path=path.encode()),
                    headers={"host": parts.netloc, "user-agent": "rekindle", "accept-encoding": "identity", **headers},
                    content=content,
                    extensions={"sni_hostname": host},
                )
                try:
                    response = await transport.handle_async_request(request)
                except httpx.ConnectError as error:  # nothing has left
                    if number < len(found) and not _of_tls(error):
                        continue
                    raise self._unreachable(error) from None
                except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, ValueError) as error:
                    raise self._unreachable(error) from None
                await response.aclose()
                return response.status_code
        raise self._unreachable(OSError())

    def _unreachable(self, error: Exception) -> AlertFailed:
        if _of_tls(error):
            return AlertFailed(
                f"no trusted TLS connection to the {self.name}",
                hint="Its certificate must be valid for the name in the address. SSL_CERT_FILE names other roots.",
            )
        if type(error).__name__ in ("ConnectError", "OSError"):
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


def _of_tls(error: BaseException) -> bool:
    return any(isinstance(one, ssl.SSLError) for one in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
