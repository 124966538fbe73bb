"""One request to an issuer that is answered with a JSON document: within a time, and of a bounded
size."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

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
    status, document = await _asked(url, {})
    if status != 200:  # a redirect too
        raise IssuerUnavailable(f"the issuer answered HTTP {status}", hint=_HINT)
    return document


async def send(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
    """The status and the JSON object with which an address answers a form: of success, or of a
    refusal (4xx). Nothing that it raises quotes the address, the form or the answer.

    Raises:
        IssuerUnavailable: as `fetch`.
    """
    kind = {"content-type": "application/x-www-form-urlencoded"}
    status, document = await _asked(url, {**kind, **headers}, urlencode(form).encode())
    if status != 200 and not 400 <= status < 500:
        raise IssuerUnavailable(f"the issuer answered HTTP {status}", hint=_HINT)
    return status, document


async def _asked(url: str, headers: Mapping[str, str], form: bytes | None = None) -> tuple[int, Mapping[str, Any]]:
    trusted = ssl.create_default_context()  # the system's certificates, or those of SSL_CERT_FILE
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            status, content = await _content(url, trusted, headers, form)
    except TimeoutError:
        raise IssuerUnavailable(f"the issuer gave no answer within {ANSWER_SECONDS:g} s", hint=_HINT) from None
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if status == 200 and not isinstance(document, dict):
        raise IssuerUnavailable("the issuer's answer is not a JSON object", hint=_HINT)
    return status, cast("Mapping[str, Any]", document) if isinstance(document, dict) else {}


async def _content(
    url: str, trusted: ssl.SSLContext, headers: Mapping[str, str], form: bytes | None
) -> tuple[int, bytes]:
    content = b""
    try:
        known = await looked_up(*place(url))
        asking = {"accept": "application/json", **headers}
        async with answered(url, known, trusted=trusted, headers=asking, content=form) as response:
            status = response.status_code
            async for part in response.aiter_raw():
                content += part
                if len(content) > MAX_BYTES:  # mutant: jwks-size
                    raise IssuerUnavailable(f"the issuer's answer has more than {MAX_BYTES:,} bytes", hint=_HINT)
    except Unanswered as fault:
        raise IssuerUnavailable(_SAID[fault.why], hint=_HINT) from None
    except (OSError, UnicodeError):
        raise IssuerUnavailable("the name of the issuer's host is not known to the DNS", hint=_HINT) from None
    return status, content
