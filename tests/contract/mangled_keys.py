"""A Google key file as secret stores, shells and editors leave it. Each is repaired."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

Content = dict[str, Any]


def dumped(content: Content) -> str:
    return json.dumps(content, indent=2)


def with_key(content: Content, key: str) -> bytes:
    return dumped({**content, "private_key": key}).encode()


MANGLED: Mapping[str, Callable[[Content], bytes]] = {
    "as it is": lambda content: dumped(content).encode(),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + dumped(content).encode(),
    "utf-16 of PowerShell": lambda content: dumped(content).encode("utf-16"),
    "double quotes": lambda content: f'"{dumped(content)}"\n'.encode(),
    "single quotes": lambda content: f"'{dumped(content)}'".encode(),
    "a JSON text": lambda content: json.dumps(dumped(content)).encode(),
    "escaped quotes": lambda content: json.dumps(dumped(content))[1:-1].encode(),
    "base64": lambda content: base64.encodebytes(dumped(content).encode()),
    "base64url without padding": lambda content: base64.urlsafe_b64encode(dumped(content).encode()).rstrip(b"="),
    "base64 of a quoted text": lambda content: base64.b64encode(f"'{dumped(content)}'".encode()),
    "real line breaks in the key": lambda content: dumped(content).replace("\\n", "\n").encode(),
    "escaped line breaks in the key": lambda content: with_key(content, content["private_key"].replace("\n", "\\n")),
    "Windows line breaks in the key": lambda content: with_key(content, content["private_key"].replace("\n", "\r\n")),
    "no line breaks in the key": lambda content: with_key(content, content["private_key"].replace("\n", "")),
    "spaces for line breaks in the key": lambda content: with_key(content, content["private_key"].replace("\n", " ")),
    "quotes around the key": lambda content: with_key(content, json.dumps(content["private_key"])),
}
