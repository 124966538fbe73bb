"""Firebase Cloud Messaging, HTTP v1: one request per message, and never a second one that could
be a second push."""

import asyncio
import time
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from rekindle.dispatchers.fcm.config import FCM_URL
from rekindle.dispatchers.fcm.connections import Answer, Connections
from rekindle.dispatchers.fcm.errors import classify
from rekindle.dispatchers.fcm.google_auth import TokenSource
from rekindle.dispatchers.fcm.google_credentials import GOOGLE_HOSTS, https_host
from rekindle.dispatchers.fcm.message import Unsendable, wire
from rekindle.errors import BadArgument, Disposition, ProviderError, ProviderUnreachable
from rekindle.log import log
from rekindle.model import Message, Outcome, Refused, Uncertain

CONNECTIONS = 8  # 800 requests at once: FCM's default quota of 10,000 per second at 80 ms
REACH_TIMEOUT_SECONDS = 10.0


class FcmDispatcher:
    """Sends through FCM over TLS and HTTP/2.

    One call of `send` makes one request, even if the request fails. The only exception is 401,
    which means that FCM did nothing: the dispatcher then fetches a new access token and sends the
    message once more, within the same time limit.

    Args:
        credentials: a Google credentials file. With None, `open` raises CredentialsMissing.
        url: FCM's address: `https://fcm.googleapis.com`, or a sandbox.
        project: the Firebase project, for a credentials file that does not name one.
        ca: an additional root certificate to trust, PEM: that of a sandbox.
        connections: the most HTTP/2 connections, at least 1. Each is opened when first needed;
            they are used in turn.
        allowed_token_hosts: additional hosts from which the credentials file may request tokens.
            Google's hosts and the host of `url` are always allowed.

    Raises:
        BadArgument: `url` is not an https address, or `connections` is less than 1.
    """

    kind = "fcm"

    def __init__(
        self,
        credentials: Path | None,
        *,
        url: str,
        project: str | None = None,
        ca: Path | None = None,
        connections: int = CONNECTIONS,
        allowed_token_hosts: Collection[str] = (),
    ) -> None:
        host = https_host(url)
        if host is None or "?" in url or "#" in url:
            raise BadArgument(
                "REKINDLE_FCM_URL is not an https:// address without user, password, query and fragment",
                hint=f"Unset it for {FCM_URL}, or set it to the address of a sandbox.",
            )
        if connections < 1:
            raise BadArgument("the number of connections must be at least 1")
        self._url = url.rstrip("/")
        self._ca = ca
        self._number = connections
        hosts = (*GOOGLE_HOSTS, host, *allowed_token_hosts)
        self._tokens = TokenSource(credentials, project=project, ca=ca, hosts=hosts)
        self._connections: Connections | None = None
        self._address = ""
        self._opening = asyncio.Lock()

    @property
    def immediate(self) -> bool:
        """See `Dispatcher.immediate`: an answer may take as long as the timeout."""
        return False

    @property
    def account(self) -> str | None:
        """See `Dispatcher.account`: the Firebase project, as a digest."""
        return f"fcm:{sha256(self._address.encode()).hexdigest()[:16]}"

    async def open(self) -> None:
        """Check that the credentials give a token and that FCM answers over HTTP/2. Sends no
        message.

        Each cycle of a long-lived process calls it again. It then keeps the connections, and keeps
        the token until it is close to expiry. Concurrent calls wait for each other, and none of
        them disturbs a send in flight.

        Raises:
            CredentialsMissing, CredentialsRejected, ProviderUnreachable: what was open before
                stays open; nothing else was opened.
        """
        async with self._opening:
            project = await self._tokens.open()
            self._address = f"{self._url}/v1/projects/{project}/messages:send"
            connections = self._connections
            if connections is None:
                ca = self._ca.read_bytes() if self._ca is not None else None  # a few kB; tokens.open() has just read it
                connections = Connections(self._number, ca=ca)
            if not await connections.reachable(self._url, timeout=REACH_TIMEOUT_SECONDS):
                if self._connections is None:
                    await connections.close()
                raise ProviderUnreachable(
                    "FCM does not answer over TLS and HTTP/2",
                    hint="Check the network and its proxies. For a sandbox: REKINDLE_FCM_URL, REKINDLE_FCM_CA.",
                )
            self._connections = connections

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Send once; see `rekindle.ports.Dispatcher.send`. Cancelling stops a message that has
        not left yet."""
        return await self._send(message, timeout=timeout, validate_only=False)

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """Ask FCM to check the message without delivering it. Accepted, with a fake name, means
        that the message is valid."""
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
        return Refused(Disposition.HALT, "unauthenticated", error_code=error.code, hint=error.hint)
    return Refused(Disposition.RETRY, "token_unavailable")
