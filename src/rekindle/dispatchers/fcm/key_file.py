"""Reads the content of a Google key file, also if it was mangled on its way into a secret.

Secret stores, shells and editors add quotes, escape line breaks and quotation marks, encode in
base64, or write a byte order mark. Each of these is undone only where the result is certain: the
JSON object parses, and the key is whole. The Edge Function does the same, in `account.ts`.
"""

import base64
import binascii
import codecs
import json
import re
from pathlib import Path
from typing import Any, cast

_GOOGLE_ADDRESS = "https://oauth2.googleapis.com/token"  # Google's only one for service accounts

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_PEM = re.compile(r"-----BEGIN ((?:RSA )?PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----")
_LAYERS = 4  # base64 of a quoted text of escaped JSON; more is not an accident
_LONGEST_PATH = 1_000


def is_content(path: Path) -> bool:
    """Whether this is not the path of a key file, but its content, in any form."""
    text = str(path)
    return len(text) > _LONGEST_PATH or "\n" in text or "{" in text or "-----" in text or parse(text.encode()) != {}


def parse(content: bytes) -> dict[str, Any]:
    """The JSON object in the content of a key file, with its key and its `token_uri` repaired.
    Empty if there is none."""
    encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        found = _object(content.decode(encoding), _LAYERS)
    except (UnicodeDecodeError, RecursionError):
        return {}
    key = found.get("private_key")
    if isinstance(key, str):
        found["private_key"] = _pem(key)
        if isinstance(found.get("client_email"), str):  # so it is a service account
            found = {"type": "service_account", "token_uri": _GOOGLE_ADDRESS, **found}
    return found


def _object(text: str, layers: int) -> dict[str, Any]:
    text = text.strip(" \t\r\n\ufeff\0")
    if not layers or not text:
        return {}
    inner = [_json(text)]
    if text[0] == text[-1] and text[0] in "\"'`":
        inner.append(text[1:-1])
    if '\\"' in text:
        inner.append(_json(f'"{text}"'))
    joined = "".join(text.split())
    if _BASE64.fullmatch(joined):
        inner.append(_decoded(joined))
    for one in inner:
        found = _object(one, layers - 1) if isinstance(one, str) else one
        if isinstance(found, dict) and found:
            return cast("dict[str, Any]", found)
    return {}


def _json(text: str) -> object:
    try:
        return json.loads(text, strict=False)  # real line breaks inside of a text are accepted
    except ValueError:
        return None


def _decoded(text: str) -> str | None:
    plain = text.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _pem(text: str) -> str:
    """The key with its line breaks; unchanged if it is not one whole key."""
    found = _PEM.search(text.replace("\\r", "").replace("\\n", "\n"))
    if found is None:
        return text
    body = "".join(found[2].split())
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {found[1]}-----", *lines, f"-----END {found[1]}-----", ""))
