"""Firebase Cloud Messaging, HTTP v1: one request a message, and never a second one that could be
a second push."""

import asyncio
import time
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from rekindle.dispatchers.fcm.connections import Answer, Connections
from rekindle.dispatchers.fcm.errors import classify
from rekindle.dispatchers.fcm.google_auth import TokenSource
from rekindle.dispatchers.fcm.google_credentials import GOOGLE_HOSTS
from rekindle.dispatchers.fcm.message import Unsendable, wire
from rekindle.errors import BadArgument, Disposition, ProviderError, ProviderUnreachable
from rekindle.log import log
from rekindle.model import Message, Outcome, Refused, Uncertain

CONNECTIONS = 8  # 800 requests at once: FCM's default quota of 10,000 a second at 80 ms
REACH_TIMEOUT_SECONDS = 10.0


class FcmDispatcher:
    """Sends through FCM over TLS and HTTP/2.

    One call of `send` is one request, whatever happens to it. The only exception is 401, with which
    FCM says that it did nothing: the access token is then fetched anew and the message sent once
    more, in the same time limit.

    Args:
        credentials: a Google credentials file; None when the environment names none (`open` says
            so).
        url: where FCM is, `https://fcm.googleapis.com` or a sandbox.
        ca: a further root certificate to trust, PEM; a sandbox's own.
        connections: HTTP/2 connections at most, 1 or more; opened when first needed, used in turn.
        allowed_token_hosts: hosts beside Google's and, with a sandbox, the host of `url`, from
            which the credentials file may have its tokens made.

    Raises:
        BadArgument: `url` is not an https address, or `connections` is below 1.
    """

    kind = "fcm"

    def __init__(
        self,
        credentials: Path | None,
        *,
        url: str,
        ca: Path | None = None,
        connections: int = CONNECTIONS,
        allowed_token_hosts: Collection[str] = (),
    ) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname if parts.scheme == "https" and parts.username is None else None
        except ValueError:
            host = None
        if host is None:
            raise BadArgument("REKINDLE_FCM_URL is not an https:// address")
        if connections < 1:
            raise BadArgument("the number of connections is at least 1")
        self._url = url.rstrip("/")
        self._ca = ca
        self._number = connections
        self._tokens = TokenSource(credentials, ca=ca, hosts=(*GOOGLE_HOSTS, host, *allowed_token_hosts))
        self._connections: Connections | None = None
        self._address = ""
        self._opening = asyncio.Lock()

    @property
    def immediate(self) -> bool:
        """See `Dispatcher.immediate`: an answer may take as long as the time-out."""
        return False

    async def open(self) -> None:
        """Prove that the credentials give a token, and that FCM answers over HTTP/2; nothing is
        sent.

        Opened again, as each cycle of a long-lived process does, it keeps the connections, and the
        token until that nears its end. Cycles at once open one after another, and none takes
        anything from a send under way.

        Raises:
            CredentialsMissing, CredentialsRejected, ProviderUnreachable: nothing was opened that
                was not open before.
        """
        async with self._opening:
            project = await self._tokens.open()
            self._address = f"{self._url}/v1/projects/{project}/messages:send"
            connections = self._connections
            if connections is None:
                ca = self._ca.read_bytes() if self._ca is not None else None  # a few kB, and open() has just read it
                connections = Connections(self._number, ca=ca)
            if not await connections.reachable(self._url, timeout=REACH_TIMEOUT_SECONDS):
                if self._connections is None:
                    await connections.close()
                raise ProviderUnreachable(
                    f"FCM does not answer over TLS and HTTP/2 at {self._url}",
                    hint="Check the network and its proxies; for a sandbox, REKINDLE_FCM_URL and REKINDLE_FCM_CA.",
                )
            self._connections = connections

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Send once; see `rekindle.ports.Dispatcher.send`. Cancelled, it sends nothing that had
        not left by then."""
        return await self._send(message, timeout=timeout, validate_only=False)

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """Have FCM check the message and deliver nothing; Accepted, under a fake name, means
        that it is valid."""
        return await self._send(message, timeout=timeout, validate_only=True)

    async def close(self) -> None:
        """Close the connections and forget the token; `open` may be called again."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()
        await self._tokens.close()

    async def _send(self, message: Message, *, timeout: float, validate_only: bool) -> Outcome:
        until = time.monotonic() + timeout
        connections = self._connections
        if connections is None:
            return Refused(Disposition.RETRY, "not_open")
        try:
            content = wire(message, validate_only=validate_only)
        except Unsendable as error:
            return Refused(Disposition.DROP, error.reason)
        outcome: Outcome = Refused(Disposition.RETRY, "no_time")
        refused: str | None = None
        for _ in range(2):
            try:
                left = until - time.monotonic()
                if refused is None:
                    bearer = await self._tokens.token(timeout=left)
                else:
                    bearer = await self._tokens.another(refused, timeout=left)
            except ProviderError as error:
                return _without_token(error)
            left = until - time.monotonic()
            if left <= 0:
                return Refused(Disposition.RETRY, "no_time")
            answer = await connections.post(self._address, bearer=bearer, content=content, timeout=left)
            if not isinstance(answer, Answer):
                outcome = answer
                break
            outcome = classify(answer.status, answer.headers, answer.body, validate_only=validate_only)
            if not isinstance(outcome, Refused) or outcome.reason != "unauthenticated":
                break
            refused = bearer
        if isinstance(outcome, Uncertain):
            log.warning("fcm.uncertain", claim_id=str(message.claim_id), reason=outcome.reason)
        return outcome


def _without_token(error: ProviderError) -> Refused:
    if error.disposition is Disposition.HALT:
        return Refused(Disposition.HALT, "unauthenticated", error_code=error.code)
    return Refused(Disposition.RETRY, "token_unavailable")
