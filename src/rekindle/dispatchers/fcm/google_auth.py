"""Access tokens for Google, fetched before they expire, one request at a time, outside the
event loop."""

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

from rekindle.dispatchers.fcm.google_credentials import LoadedCredentials, TokenRequest, load
from rekindle.errors import CredentialsMissing, CredentialsRejected, ProviderError, ProviderUnreachable
from rekindle.log import log

REFRESH_AHEAD_SECONDS = 300.0
LEAST_LIFE_SECONDS = 15.0  # a token with less left may expire before the request arrives
UNSAID_LIFE_SECONDS = 600.0  # when the endpoint does not say how long a token lives
TOKEN_TIMEOUT_SECONDS = 5.0

_OAUTH_WORD = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    renew_at: float  # on the monotonic clock: from then on, a new token is fetched in the background
    unusable_at: float  # from then on, callers wait for the new token


class TokenSource:
    """Returns an access token that is still valid, and fetches the next one before it expires.

    Any number of coroutines of one event loop may call it at once. At most one request to the
    token endpoint is in flight. It continues for the other callers if one caller is cancelled or
    times out.
    """

    def __init__(self, path: Path | None, *, project: str | None, ca: Path | None, hosts: Collection[str]) -> None:
        self._path = path
        self._project = project
        self._ca = ca
        self._hosts = tuple(hosts)
        self._loaded: LoadedCredentials | None = None
        self._request: TokenRequest | None = None
        self._token: _Token | None = None
        self._fetching: asyncio.Task[_Token] | None = None

    async def open(self) -> str:
        """Make sure that there is a valid token; return the project.

        A call while the token is valid makes no request. When the token is close to expiry, the
        credentials file is read again, so a replaced key file takes effect. One caller at a time.

        Raises:
            CredentialsMissing, CredentialsRejected, ProviderUnreachable: there is no valid token.
                The caller may try again.
        """
        held, loaded = self._token, self._loaded
        if held is not None and loaded is not None and time.monotonic() < min(held.renew_at, held.unusable_at):
            return loaded.project
        try:
            loaded = await asyncio.to_thread(load, self._path, project=self._project, hosts=self._hosts)
            context = await asyncio.to_thread(trusting, self._ca)
            self._loaded, self._request = (
                loaded,
                TokenRequest(context, timeout=TOKEN_TIMEOUT_SECONDS, hosts=self._hosts),
            )
            await asyncio.shield(self._fetch())
        except ProviderError:
            if held is None or loaded is None or time.monotonic() >= held.unusable_at:
                raise
        return loaded.project

    async def token(self, *, timeout: float) -> str:
        """A token that is valid for at least `LEAST_LIFE_SECONDS`; waits only if there is none.

        Raises:
            CredentialsRejected, ProviderUnreachable: there is none, and no new one came within
                `timeout`.
        """
        now = time.monotonic()
        held = self._token
        if held is not None and now < held.unusable_at:
            if now >= held.renew_at:
                self._fetch()
            return held.text
        return (await self._wait(timeout)).text

    async def another(self, refused: str, *, timeout: float) -> str:
        """A token other than `refused`: one that has come since, or a new one. No caller gets
        `refused` again.

        Raises:
            As `token`.
        """
        held = self._token
        if held is not None and held.text != refused:
            return held.text
        self._token = None
        return (await self._wait(timeout)).text

    async def close(self) -> None:
        """Forget the token. A request in flight ends at its own timeout, and its answer is
        ignored."""
        self._token = None
        task, self._fetching = self._fetching, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _wait(self, timeout: float) -> _Token:
        task = self._fetch()
        await asyncio.wait({task}, timeout=max(0.0, timeout))
        if not task.done() or task.cancelled():
            raise ProviderUnreachable("Google's token endpoint did not answer in time")
        return task.result()

    def _fetch(self) -> "asyncio.Task[_Token]":
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_one(), name="rekindle-google-token")
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    async def _fetch_one(self) -> _Token:
        loaded, request = self._loaded, self._request
        if loaded is None or request is None:
            raise CredentialsMissing("the credentials were not loaded")
        return await asyncio.to_thread(_new_token, loaded, request)

    def _fetched(self, task: "asyncio.Task[_Token]") -> None:
        if self._fetching is task:
            self._fetching = None
        if task.cancelled():
            return
        error = task.exception()  # read here, or asyncio would log the exception as never retrieved
        if error is None:
            self._token = task.result()
            log.debug("google.token.fetched", seconds=round(self._token.unusable_at - time.monotonic()))
        elif self._token is not None:  # without a token, the callers that wait get the exception
            log.warning("google.token.failed", code=error.code if isinstance(error, ProviderError) else None)


def trusting(ca: Path | None) -> ssl.SSLContext:
    """A TLS context that trusts the system's root certificates and those in `ca`.

    Raises:
        CredentialsMissing: the file cannot be read, or has no certificate.
    """
    if ca is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError):
        content = "contains a certificate and not its path" if "-----BEGIN" in str(ca) else ""
        raise CredentialsMissing(
            f"REKINDLE_FCM_CA {content or 'does not name a readable file with a certificate'}",
            hint="The sandbox writes it next to its credentials file, with .ca.pem added to the name.",
        ) from None
    context.load_default_certs()
    return context


def _new_token(loaded: LoadedCredentials, request: TokenRequest) -> _Token:
    credentials: Any = loaded.credentials
    refresh: Callable[[TokenRequest], None] = credentials.refresh
    try:
        refresh(request)
        text, expiry = credentials.token, credentials.expiry
        return _held(text, expiry)
    except TransportError:
        raise ProviderUnreachable(
            "Google's token endpoint does not answer", hint="Check the network, or the address of the sandbox."
        ) from None
    except RefreshError as error:
        raise _refused(error) from None
    except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
        raise ProviderUnreachable("Google's token endpoint sent an answer that is not valid") from None


def _held(text: object, expiry: datetime | None) -> _Token:
    if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("not a token")  # and not valid in a header
    life = UNSAID_LIFE_SECONDS
    if expiry is not None:  # google-auth returns UTC without a time zone
        life = (expiry.replace(tzinfo=expiry.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    now = time.monotonic()
    return _Token(text, now + life - min(REFRESH_AHEAD_SECONDS, life / 2), now + life - LEAST_LIFE_SECONDS)


def _refused(error: RefreshError) -> ProviderError:
    if cast("bool", error.retryable):  # pyright: ignore[reportUnknownMemberType]
        return ProviderUnreachable("Google's token endpoint fails", hint="Try again later.")
    # Only the OAuth error code: the rest of the answer may quote our request.
    answers = [cast("dict[str, object]", cause) for cause in error.args if isinstance(cause, dict)]
    words = [answer.get("error") for answer in answers]
    word = next((word for word in words if isinstance(word, str) and _OAUTH_WORD.fullmatch(word)), None)
    said = f" ({word})" if word else ""
    return CredentialsRejected(
        f"Google does not give a token for these credentials{said}",
        hint="The key may be deleted or disabled, or this machine's clock may be wrong.",
    )
