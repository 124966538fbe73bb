"""The smallest and the largest number of bytes that a text can have."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import assert_never

from rekindle.render.locales import written_date, written_list, written_number, written_time
from rekindle.render.parts import (
    Count,
    DateField,
    Field,
    Length,
    ListField,
    NumberField,
    Plural,
    Select,
    Template,
    TimeField,
    forms_of,
)
from rekindle.render.syntax import parse
from rekindle.render.text import clean, is_address

# The dates on which a written length depends: every month with every day of the week, and few and
# many digits.
_DAYS = tuple(
    date(year, month, first + day) for year, first in ((1, 1), (2026, 22)) for month in range(1, 13) for day in range(7)
)
_MOST_DIGITS = 15

Pick = Callable[[list[int]], int]


def at_least(template: str, locale: str) -> int:
    """The bytes (UTF-8) of a text with the shortest values and the shortest forms: everything
    constant."""
    return _bytes(parse(template), locale, min, {})


def at_most(template: str, locale: str, longest: Mapping[str, int]) -> int:
    """The bytes (UTF-8) of a text with every value as long as `longest` says, by name, and with the
    longest forms. In an address each byte of a value may become three."""
    if is_address(template):
        longest = {name: 3 * size for name, size in longest.items()}
    return _bytes(parse(template), locale, max, longest)


def _bytes(parts: Template, locale: str, pick: Pick, longest: Mapping[str, int]) -> int:
    size = 0
    for part in parts:
        match part:
            case str():
                size += len(clean(part).encode())
            case Field(name):
                size += longest.get(name, 0)
            case DateField(_, length):
                size += pick(_date_sizes(length, locale))
            case TimeField(_, length):
                size += pick(_time_sizes(length, locale))
            case ListField(name, rest):
                size += longest.get(name, 0) + pick([0, _bytes((rest,), locale, pick, longest)] if rest else [0])
                size += pick([0, _separators(longest.get(name, 0), locale)])
            case Count(name):
                size += pick(_number_sizes(longest.get(name, 1), locale, ""))
            case NumberField(name, style):
                size += pick(_number_sizes(longest.get(name, 1), locale, style))
            case Plural() | Select():
                size += pick([_bytes(form, locale, pick, longest) for form in forms_of(part)])
            case _:
                assert_never(part)
    return size


@lru_cache(maxsize=1_024)
def _separators(longest: int, locale: str) -> int:
    """The bytes by which the separators of a list may exceed those of the same list in JSON. There
    each item has four: two quotes, a comma and a blank."""
    few, many = (len(written_list(["x"] * items, locale).encode()) for items in (4, 5))
    last = max(len(written_list(["x"] * items, locale).encode()) - items for items in (2, 3))
    return last + max(0, many - few - 5) * (longest // 5 + 1)


def _number_sizes(digits: int, locale: str, style: str) -> list[int]:
    largest = -int("9" * min(max(1, digits), _MOST_DIGITS))
    return [len(written_number(number, locale, style).encode()) for number in (0, largest)]


@lru_cache(maxsize=1_024)
def _time_sizes(length: Length, locale: str) -> list[int]:
    hours = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(24))
    return [len(written_time(hour, length, locale).encode()) for hour in hours]


@lru_cache(maxsize=1_024)
def _date_sizes(length: Length, locale: str) -> list[int]:
    return [len(written_date(day, length, locale).encode()) for day in _DAYS]
