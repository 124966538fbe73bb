"""Plural rules, numbers, dates and times of each language, by CLDR."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent, list_currencies

from rekindle.render.parts import Length
from rekindle.render.values import shown

LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")
MAX_NUMBER = 10**15
_BLANKS = " \t\n\r\f\v"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT_PATTERN = (
    "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
    "(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
)
"""An instant as Postgres writes it in JSON. The claim checks it by the same pattern. It has a time
zone: without one, it would be another moment for each reader."""
_INSTANT = re.compile(INSTANT_PATTERN, re.ASCII)


@lru_cache(maxsize=1_024)
def known(name: str) -> Locale | None:
    """The locale of that name; None if CLDR has none."""
    if LOCALE.fullmatch(name) is None:
        return None
    try:
        found = Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None
    return None if re.match("(?i)root|und", name) else found


def locale(name: str) -> Locale:
    """As `known`, but English for a name that CLDR does not have. The configuration does not accept
    such a name."""
    return known(name) or Locale("en")


def categories(name: str, *, ordinal: bool = False) -> frozenset[str]:
    """The plural categories that a locale distinguishes: of counts, or of ranks (`ordinal`)."""
    found = locale(name)
    return frozenset((found.ordinal_form if ordinal else found.plural_form).tags) | {"other"}


@lru_cache(maxsize=1_024)
def usual_categories(name: str, *, ordinal: bool = False) -> frozenset[str]:
    """The plural categories that the whole numbers from 0 to 1,000 have: a text should have a form
    for each of them. The `many` of French begins at a million, and that of Lithuanian is for
    fractions."""
    return frozenset(category(number, name, ordinal=ordinal) for number in range(1_001))


def number_of(value: Any) -> int | Decimal | None:
    """A number as it is shown, with at most three decimals. None if the value is not a number or is
    beyond 10^15."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if not -MAX_NUMBER <= value <= MAX_NUMBER:  # NaN is not
        return None
    if isinstance(value, int):
        return value
    rounded = round(Decimal(str(value)), 3)
    return int(rounded) if rounded == int(rounded) else rounded.normalize()


def list_of(value: Any) -> list[str] | None:
    """The items of a list of texts and numbers, each as `{name}` shows it, without nulls and blank
    texts. None if the value is not such a list, or none is left."""
    if not isinstance(value, list | tuple):
        return None
    items = [item for item in cast("Sequence[Any]", value) if item is not None]
    if not all(isinstance(item, str | int | float | Decimal) and not isinstance(item, bool) for item in items):
        return None
    return [text for text in map(shown, items) if text.strip(_BLANKS)] or None


def date_of(value: Any) -> date | None:
    """The day that `YYYY-MM-DD` means. None if the value is not a date."""
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def instant_of(value: Any) -> datetime | None:
    """The moment that a text such as `2026-01-31T09:00:00+01:00` means. None if the value is not a
    moment, or has no time zone."""
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def local(instant: datetime, zone: str) -> datetime:
    """The moment by the clock of a time zone; by UTC if there is no such zone."""
    try:
        return instant.astimezone(_zone(zone))
    except OverflowError:  # in the year 9999
        return instant


@lru_cache(maxsize=1_024)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def category(number: int | Decimal, name: str, *, ordinal: bool = False) -> str:
    """The plural category of a number: as a count, or as a rank (`ordinal`)."""
    found = locale(name)
    return (found.ordinal_form if ordinal else found.plural_form)(number)


def is_currency(code: str) -> bool:
    """Whether CLDR has a currency of this code."""
    return code in list_currencies()


def written_number(number: int | Decimal, name: str, style: str = "") -> str:
    """The number with the locale's separators, in the style of a `NumberField`."""
    found = locale(name)
    match style:
        case "":
            return format_decimal(number, locale=found)
        case "integer":
            return format_decimal(number, format="#,##0", locale=found)
        case "percent":
            return format_percent(number, locale=found)
        case _:
            return format_currency(number, style, locale=found)


def written_list(items: Sequence[str], name: str) -> str:
    """The items as the locale enumerates them: `a, b, and c`."""
    from babel.lists import format_list

    return format_list(items, locale=locale(name))


def written_time(moment: datetime, length: Length, name: str) -> str:
    """The time of day in the locale's own form."""
    return format_time(moment.time(), length, locale=locale(name))


def written_date(day: date, length: Length, name: str) -> str:
    """The date in the locale's own form."""
    return format_date(day, length, locale=locale(name))
