"""How a variable's value is read from the database, and written into a text."""

import json
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

MAX_VALUE_CHARS = 1_000
_MAX_DIGITS = 4_000  # Python converts no integer of more than 4,300


def read_variables(text: str) -> dict[str, Any]:
    """The variables of one person from their JSON. A number keeps the digits that the database
    wrote: 12.50 stays 12.50."""
    return cast("dict[str, Any]", json.loads(text, parse_float=Decimal, parse_int=_whole))


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MAX_DIGITS else Decimal(digits)


def shown(value: Any) -> str:
    """A value as `{name}` shows it: a text unchanged, and anything else as JSON, in the form in
    which Postgres writes it (`true`, `12.50`, `["chess", "tea"]`). Cut at 1,000 characters."""
    return (value if isinstance(value, str) else _as_json(value))[:MAX_VALUE_CHARS]


def _as_json(value: Any) -> str:
    match value:
        case Decimal():
            return format(value, "f") if value.is_finite() else "null"
        case float():
            return _as_json(Decimal(repr(value)))
        case dict():
            pairs = cast("dict[str, Any]", value).items()
            return "{" + ", ".join(f"{_as_json(str(name))}: {_as_json(one)}" for name, one in pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(_as_json(one) for one in cast("list[Any]", value)) + "]"
        case str() | bool() | None:
            return json.dumps(value, ensure_ascii=False)
        case _:
            try:
                return str(value)
            except ValueError:  # an integer of too many digits, from a caller and not from JSON
                return ""


def encoded(text: str) -> str:
    """The text as one piece of an address: percent-encoded, so that it can neither end a path or a
    query nor add to them."""
    return quote(text, safe="")
