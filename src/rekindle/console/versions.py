"""The versions of a scenario, and what each changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from rekindle.documents import version_document
from rekindle.foreign import printable
from rekindle.policy import duration
from rekindle.ports import ScenarioVersion

MOST = 20
_SECONDS = frozenset({"cooldown", "relevance", "ttl", "horizon"})


@dataclass(frozen=True, slots=True)
class Line:
    """One key that a version changed, as the file would have it before and after. Empty: the key
    was absent."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionShown:
    """One version."""

    version: ScenarioVersion
    lines: Sequence[Line]


def versions_shown(found: Sequence[ScenarioVersion], *, sees: Collection[UUID] | None) -> list[VersionShown]:
    """The newest versions. A reader who is limited to organisations sees the keys that are the same
    for everybody, and those of these organisations."""
    return [
        VersionShown(
            one, [_line(key, *one.values[key]) for key in version_document(one, sees=sees)["keys"] if key in one.values]
        )
        for one in found[:MOST]
    ]


def _line(key: str, before: Any, after: Any) -> Line:
    return Line(key, _text(key, before), _text(key, after))


def _text(key: str, value: Any) -> str:
    """A stored value as the file has it. Durations are stored in seconds."""
    name = key.rpartition(".")[2]
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() if name in _SECONDS and value > 0:
            return f'"{duration(value)}"'
        case str():
            return f'"{printable(value)}"'
        case list():
            return f"[{', '.join(_text('', one) for one in cast('list[Any]', value))}]"
        case _:
            return printable(str(value))
