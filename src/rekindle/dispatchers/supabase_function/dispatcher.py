"""Sends through a Supabase Edge Function, which calls FCM: many messages per request, and no
message twice."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from rekindle.dispatchers.fcm.message import Unsendable, message_json
from rekindle.dispatchers.supabase_function.answer import outcomes, require_ready
from rekindle.dispatchers.supabase_function.call import Answer, EdgeFunction
from rekindle.errors import BadArgument, CredentialsMissing, CredentialsRejected, Disposition
from rekindle.log import log
from rekindle.model import Message, Outcome, Refused, Uncertain

BATCH = 50
REACH_TIMEOUT_SECONDS = 10.0
ANSWER_SECONDS = 0.5
"""The function gets this much less time than we wait, or a tenth less if that is shorter,
because its answer must still come back."""

MAX_TIMEOUT_SECONDS = 120.0
MAX_MESSAGE_BYTES = 20_000
"""The limit of one message, as JSON. 4,096 bytes of payload need at most half of it, even with
every byte escaped. A request with a hundred messages of this size is still accepted, so one very
long device token cannot cause the rejection of a whole batch."""

_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message that must leave before `until` (a reading of `time.monotonic`), and its future
    outcome."""

    message: Message
    content: bytes = field(repr=False)
    until: float
    outcome: "asyncio.Future[Outcome]"


class SupabaseFunctionDispatcher:
    """Sends through an Edge Function of a Supabase project.

    Messages whose `send` is called in the same turn of the event loop leave together, in requests
    of up to `batch` messages. The engine starts a whole armed batch at once, so no message waits
    for others. If the function reports a result for a message, that decides; otherwise the outcome
    of the request does.

    Args:
        url: the project's address. With None, `open` raises CredentialsMissing.
        key: its secret key or service role key, or None, likewise.
        function: the function's name.
        batch: the most messages in one request, 1 to 100.

    Raises:
        BadArgument: `url` is neither an https address nor an http address of this machine.
    """

    kind = "supabase-function"

    def __init__(self, url: str | None, key: str | None, *, function: str, batch: int = BATCH) -> None:
        self._url = _address(url) if url else None
        self._key = key
        self._name = function
        self._batch = batch
        self._function: EdgeFunction | None = None
        self._gathering: dict[bool, list[_Waiting]] = {True: [], False: []}  # the key is `validate_only`
        self._calls: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()

    @property
    def immediate(self) -> bool:
        """See `Dispatcher.immediate`: an answer may take as long as the timeout."""
        return False

    @property
    def account(self) -> str | None:
        """See `Dispatcher.account`: the Supabase project and its function, as a digest."""
        return f"supabase-function:{sha256(f'{self._url} {self._name}'.encode()).hexdigest()[:16]}"

    async def open(self) -> None:
        """Check that the function exists, accepts our key and has an access token from Google.
        Sends no message.

        A dispatcher that is open stays open, and its sends in flight continue: several cycles may
        share one dispatcher.

        Raises:
            ProviderError: what is missing, with a hint. What was open before stays open.
        """
        if self._url is None or not self._key:
            missing = "SUPABASE_URL" if self._url is None else "SUPABASE_SECRET_KEY"
            raise CredentialsMissing(
                f"{missing} is not set", hint="Set SUPABASE_URL and SUPABASE_SECRET_KEY, or SUPABASE_SERVICE_ROLE_KEY."
            )
        if not (self._key.isascii() and self._key.isprintable()) or " " in self._key:
            raise CredentialsRejected("SUPABASE_SECRET_KEY is not a valid key", hint="Copy it again, without spaces.")
        async with self._opening:
            function = self._function or EdgeFunction(self._url, self._key, self._name)
            try:
                until = time.monotonic() + REACH_TIMEOUT_SECONDS
                require_ready(await function.call(_request([], until, validate_only=True), until=until))
            except BaseException:
                if function is not self._function:
                    await function.close()
                raise
            self._function = function

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Send once; see `rekindle.ports.Dispatcher.send`. A message that is cancelled before
        its request leaves is not part of the request."""
        return await self._send(message, timeout=timeout, validate_only=False)

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """Ask FCM to check the message without delivering it. Accepted, with a fake name, means
        that the message is valid."""
        return await self._send(message, timeout=timeout, validate_only=True)

    async def close(self) -> None:
        """Cut the sends in flight, which end as Uncertain, and close the connections. `open`
        may be called again."""
        function, self._function = self._function, None
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls)
        if function is not None:
            await function.close()

    async def _send(self, message: Message, *, timeout: float, validate_only: bool) -> Outcome:
        if self._function is None:
            return Refused(Disposition.RETRY, "not_open")
        try:
            content = message_json(message)
        except Unsendable as error:
            return Refused(Disposition.DROP, error.reason)
        if len(content) > MAX_MESSAGE_BYTES:
            return Refused(Disposition.DROP, "too_large")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message, content, time.monotonic() + timeout, loop.create_future())
        gathering = self._gathering[validate_only]
        gathering.append(waiting)
        if len(gathering) >= self._batch:
            self._depart(validate_only)
        elif len(gathering) == 1:
            loop.call_soon(self._depart, validate_only)
        return await waiting.outcome

    def _depart(self, validate_only: bool) -> None:
        gathered = self._gathering[validate_only]
        self._gathering[validate_only] = []
        batch = [waiting for waiting in gathered if not waiting.outcome.done()]
        if batch:
            call = asyncio.create_task(self._deliver(batch, validate_only), name="rekindle-edge-function")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _deliver(self, batch: Sequence[_Waiting], validate_only: bool) -> None:
        """Give every message of the batch an outcome, also if this fails or is cancelled."""
        known: Sequence[Outcome] = [Uncertain("connection_lost")] * len(batch)
        try:
            known = await self._outcomes(batch, validate_only)
        finally:
            for waiting, outcome in zip(batch, known, strict=True):
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)

    async def _outcomes(self, batch: Sequence[_Waiting], validate_only: bool) -> Sequence[Outcome]:
        until = min(waiting.until for waiting in batch)
        function = self._function
        if function is None or until <= time.monotonic():
            return [Refused(Disposition.RETRY, "no_time")] * len(batch)
        answer = await function.call(_request(batch, until, validate_only=validate_only), until=until)
        if isinstance(answer, Answer):
            claims = [waiting.message.claim_id for waiting in batch]
            known: Sequence[Outcome] = outcomes(answer, claims, validate_only=validate_only)
        else:
            known = [answer] * len(batch)
        uncertain = [outcome.reason for outcome in known if isinstance(outcome, Uncertain)]
        if uncertain:
            log.warning("function.uncertain", messages=len(uncertain), of=len(batch), reasons=sorted(set(uncertain)))
        return known


def _request(batch: Sequence[_Waiting], until: float, *, validate_only: bool) -> bytes:
    left = min(until - time.monotonic(), MAX_TIMEOUT_SECONDS)
    milliseconds = max(1, int(1_000 * (left - min(ANSWER_SECONDS, left / 10))))
    pushes = b",".join(
        b'{"claim_id":"%b","idempotency_key":"%b","message":%b}'
        % (str(one.message.claim_id).encode(), one.message.idempotency_key.encode(), one.content)
        for one in batch
    )
    check = b"true" if validate_only else b"false"
    return b'{"version":1,"timeout_ms":%d,"validate_only":%b,"messages":[%b]}' % (milliseconds, check, pushes)


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
        if safe and parts.hostname and parts.username is None and not (parts.query or parts.fragment):
            return url.rstrip("/")
    except ValueError:
        pass
    raise BadArgument("SUPABASE_URL is neither an https:// address nor an http:// address of this machine")
