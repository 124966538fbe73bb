"""Pages of a list: how many rows one answer has, and where the next one begins.

A cursor is the key of the last row that was returned. The next page has the rows after that key, so
rows that are inserted meanwhile never make another row appear twice or be missed
(docs/decisions/0034-pages.md).
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from rekindle.errors import CursorInvalid

MAX_LIMIT = 1_000
MAX_CURSOR_CHARS = 500
_MAX_NUMBER = 2**63 - 1  # of a bigint

Row = TypeVar("Row")
Item = TypeVar("Item")
Key = tuple[Any, ...]

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items in this answer.")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR_CHARS, description="`next` of the page before. Absent: the first page."),
]


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` is the cursor of the next page; null: this is the last one."""

    items: list[Item]
    next: str | None = Field(description="Send it as `cursor` to get the next page. Null: there is no more.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """The name of a page of these items in the OpenAPI document."""
        return f"PageOf{params[0].__name__}"


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of one list. `types` are those of the parts of its key: datetime, UUID, int or
    str, in the order by which the list is sorted."""

    of: str
    types: tuple[type, ...]

    def read(self, text: str | None) -> Key | None:
        """The key after which a page begins; None for the first page.

        Raises:
            CursorInvalid: it is not a cursor of this list.
        """
        if text is None:
            return None
        try:
            document = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            of, *parts = json.loads(document.decode("ascii"))
            key = tuple(_part(kind, part) for kind, part in zip(self.types, parts, strict=True))
            if of != self.of or self.write(key) != text:
                raise ValueError
            return key
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise CursorInvalid from None

    def write(self, key: Key) -> str:
        """The cursor of a row with this key."""
        parts = [part if isinstance(part, (int, str)) else _text(part) for part in key]
        return base64.urlsafe_b64encode(json.dumps([self.of, *parts]).encode()).decode().rstrip("=")

    def page(self, rows: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> tuple[Sequence[Row], str | None]:
        """The first `limit` of these rows, and the cursor of the next page. The caller has asked
        for one row more: it says whether there is a next page."""
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self.write(key(rows[limit - 1]))


def _text(part: UUID | datetime) -> str:
    return part.isoformat() if isinstance(part, datetime) else str(part)


def _part(kind: type, part: Any) -> Any:
    """The value of one part of a key."""
    if kind is int:
        if type(part) is not int or not -_MAX_NUMBER <= part <= _MAX_NUMBER:
            raise ValueError
        return part
    if not isinstance(part, str) or not part.isprintable():
        raise ValueError
    if kind is str:
        return part
    value: UUID | datetime = UUID(part) if kind is UUID else datetime.fromisoformat(part)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError
    return value
