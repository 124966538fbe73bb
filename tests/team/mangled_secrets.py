"""A secret in every form in which it ends up in an environment variable by mistake."""

import base64
from collections.abc import Mapping

from contract.mangled_keys import MANGLED

SECRET = "c4n4ry-Zx81-Qk77-vW36"
"""Every window of eight characters of it is in no message, name or path."""

_BODY = base64.b64encode(b"\x30\x82\x04\xbd" + SECRET.encode() * 9).decode()
_PEM = f"-----BEGIN PRIVATE KEY-----\n{_BODY}\n-----END PRIVATE KEY-----\n"
_ACCOUNT = {
    "type": "service_account",
    "project_id": "programme-1",
    "client_email": f"{SECRET}@programme-1.iam.gserviceaccount.com",
    "private_key": _PEM,
}


def _address(password: str, rest: str = "@127.0.0.1:1/db") -> str:
    return f"postgresql://app:{password}{rest}"


FORMS: Mapping[str, str] = {
    "alone": SECRET,
    "with space around it": f"  {SECRET}\t\n",
    "in quotes": f'"{SECRET}"',
    "with a line break in it": SECRET.replace("-", "\n", 1),
    "with orders to a terminal": f"\x1b]0;{SECRET}\x07\x1b[2J\x9b31m\u202e",
    "not UTF-8": f"{SECRET}\udce9",
    "very long": SECRET * 300,
    "as an assignment": f"KEY={SECRET}",
    "exported": f"export KEY='{SECRET}'",
    "secret key of Supabase": f"sb_secret_{SECRET}",
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip('=')}.{SECRET}",
    "absolute path": f"/run/secrets/{SECRET}",
    "relative path": f"{SECRET}.toml",
    "PEM": _PEM,
    "PEM on one line": _PEM.replace("\n", "\\n"),
    "certificate": _PEM.replace("PRIVATE KEY", "CERTIFICATE"),
    **{
        f"key file: {name}": make(dict(_ACCOUNT)).decode(errors="replace").replace("\0", "")
        for name, make in MANGLED.items()
    },
    "https address with a password": f"https://app:{SECRET}@127.0.0.1:1",
    "https address with a user": f"https://{SECRET}@127.0.0.1:1/",
    "https address with a query": f"https://127.0.0.1:1/?k={SECRET}",
    "https address with a fragment": f"https://127.0.0.1:1/#{SECRET}",
    "https address with a path": f"https://127.0.0.1:1/{SECRET}",
    "https address with a port": f"https://127.0.0.1:{SECRET}/",
    "http address": f"http://127.0.0.1:1/{SECRET}?{SECRET}",
    "database address": _address(SECRET),
    "database address, not encoded @": _address(f"p@{SECRET}"),
    "database address, two @": _address(f"p@{SECRET}@x"),
    "database address, not encoded /": _address(f"p/{SECRET}"),
    "database address, / and @": _address(f"p@{SECRET}/x"),
    "database address, digits and /": _address(f"12/{SECRET}"),
    "database address, / and ?": _address(f"12/x?{SECRET}"),
    "database address, / and a parameter": _address(f"12/x?{SECRET}=1"),
    "database address, not encoded #": _address(f"#{SECRET}"),
    "database address, not encoded :": _address(f":{SECRET}"),
    "database address, not encoded %": _address(f"{SECRET}%zz"),
    "database address, brackets": _address(f"[{SECRET}]"),
    "database address, no host": _address(SECRET, ""),
    "database address, as its user": f"postgresql://{SECRET}@127.0.0.1:1/db",
    "database address, as its port": f"postgresql://app:x@127.0.0.1:{SECRET}/db",
    "database address, as its database": f"postgresql://app:x@127.0.0.1:1/{SECRET}",
    "database address, in its query": f"postgresql://127.0.0.1:1/db?user=app&password={SECRET}",
    "database address, unknown parameter": f"postgresql://127.0.0.1:1/db?{SECRET}=1",
    "database address, other scheme": f"mysql://app:{SECRET}@127.0.0.1/db",
    "database address, no colon": f"postgresql//app:{SECRET}@127.0.0.1/db",
    "list of parameters": f"host=127.0.0.1 port=1 user=app password={SECRET}",
    "list of parameters, space in the password": f"host=127.0.0.1 port=1 password=my {SECRET} user=app",
    "list of parameters, as its sslmode": f"host=127.0.0.1 port=1 sslmode={SECRET}",
}  # fmt: skip


def leaked(output: str, value: str) -> list[str]:
    """The parts of a mangled secret that an output contains, in any spelling of JSON or base64."""
    windows = {SECRET[at : at + 8] for at in range(len(SECRET) - 7)} | {
        _BODY[at : at + 12] for at in range(len(_BODY) - 11)
    }
    if "." not in value and len(value) > 100:  # base64 of a whole file
        windows |= {value[at : at + 16] for at in range(0, len(value) - 16, 7) if value[at : at + 16].isalnum()}
    return sorted(one for one in windows if one in output)
