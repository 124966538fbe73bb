"""One GET to an issuer for a JSON document: over trusted TLS, within a time, and of a bounded size.

It uses httpx's transport and not its client: the transport follows no redirect, uses no proxy of
the environment and logs nothing.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any, cast

from rekindle.errors import IssuerUnavailable

ANSWER_SECONDS = 5.0
"""How long a request may take, from the look-up of the name to the last byte."""
MAX_BYTES = 65_536

_HINT = "Check [sign_in], and that this machine reaches the issuer."


async def fetch(url: str) -> Mapping[str, Any]:
    """The JSON object at an address. Nothing that it raises quotes the address or the answer.

    Raises:
        IssuerUnavailable: there is no answer in time, or it is not such a document.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            content = await _content(url)
    except TimeoutError:
        raise IssuerUnavailable(f"the issuer gave no answer within {ANSWER_SECONDS:g} s", hint=_HINT) from None
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IssuerUnavailable("the issuer's answer is not a JSON object", hint=_HINT)
    return cast("Mapping[str, Any]", document)


async def _content(url: str) -> bytes:
    import httpx

    request = httpx.Request(
        "GET", url, headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "rekindle"}
    )
    trusted = ssl.create_default_context()  # the system's certificates, or those of SSL_CERT_FILE
    content = b""
    try:
        async with httpx.AsyncHTTPTransport(verify=trusted, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                if response.status_code != 200:  # a redirect too
                    raise IssuerUnavailable(f"the issuer answered HTTP {response.status_code}", hint=_HINT)
                async for part in response.aiter_raw():
                    content += part
                    if len(content) > MAX_BYTES:  # mutant: jwks-size
                        raise IssuerUnavailable(f"the issuer's answer has more than {MAX_BYTES:,} bytes", hint=_HINT)
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, RuntimeError, ValueError) as error:
        raise IssuerUnavailable(_reason(error), hint=_HINT) from None
    return content


def _reason(error: BaseException) -> str:
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, ssl.SSLError):
            return "no trusted TLS connection to the issuer"
        at = at.__cause__ or at.__context__
    if type(error).__name__ == "ConnectError":
        return "no connection to the issuer"
    return "the issuer gave no valid answer"
