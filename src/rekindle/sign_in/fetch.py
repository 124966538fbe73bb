"""One GET to an issuer for a JSON document: within a time, and of a bounded size."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any, cast

from rekindle.errors import IssuerUnavailable
from rekindle.outbound import Unanswered, answered, looked_up, place

ANSWER_SECONDS = 5.0
"""How long a request may take, from the look-up of the name to the last byte."""
MAX_BYTES = 65_536

_HINT = "Check [sign_in], and that this machine reaches the issuer."
_SAID = {
    "tls": "no trusted TLS connection to the issuer",
    "connection": "no connection to the issuer",
    "answer": "the issuer gave no valid answer",
}


async def fetch(url: str) -> Mapping[str, Any]:
    """The JSON object at an address. Nothing that it raises quotes the address or the answer.

    Raises:
        IssuerUnavailable: there is no answer in time, or it is not such a document.
    """
    trusted = ssl.create_default_context()  # the system's certificates, or those of SSL_CERT_FILE
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            content = await _content(url, trusted)
    except TimeoutError:
        raise IssuerUnavailable(f"the issuer gave no answer within {ANSWER_SECONDS:g} s", hint=_HINT) from None
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IssuerUnavailable("the issuer's answer is not a JSON object", hint=_HINT)
    return cast("Mapping[str, Any]", document)


async def _content(url: str, trusted: ssl.SSLContext) -> bytes:
    content = b""
    try:
        known = await looked_up(*place(url))
        async with answered(url, known, trusted=trusted, headers={"accept": "application/json"}) as response:
            if response.status_code != 200:  # a redirect too
                raise IssuerUnavailable(f"the issuer answered HTTP {response.status_code}", hint=_HINT)
            async for part in response.aiter_raw():
                content += part
                if len(content) > MAX_BYTES:  # mutant: jwks-size
                    raise IssuerUnavailable(f"the issuer's answer has more than {MAX_BYTES:,} bytes", hint=_HINT)
    except Unanswered as fault:
        raise IssuerUnavailable(_SAID[fault.why], hint=_HINT) from None
    except (OSError, UnicodeError):
        raise IssuerUnavailable("the name of the issuer's host is not known to the DNS", hint=_HINT) from None
    return content
