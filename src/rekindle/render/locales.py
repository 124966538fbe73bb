"""Plural rules, numbers and dates of each language, by CLDR."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from rekindle.render.template import Length

LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")
MAX_NUMBER = 10**15
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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


def categories(name: str) -> frozenset[str]:
    """The plural categories that a locale distinguishes."""
    return frozenset(locale(name).plural_form.tags) | {"other"}


@lru_cache(maxsize=1_024)
def usual_categories(name: str) -> frozenset[str]:
    """The plural categories that the whole numbers from 0 to 1,000 have: a text should have a form
    for each of them. The `many` of French begins at a million, and that of Lithuanian is for
    fractions."""
    return frozenset(category(number, name) for number in range(1_001))


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


def date_of(value: Any) -> date | None:
    """The day that `YYYY-MM-DD` means. None if the value is not a date."""
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def category(number: int | Decimal, name: str) -> str:
    """The plural category of a number."""
    return locale(name).plural_form(number)


def written_number(number: int | Decimal, name: str) -> str:
    """The number with the locale's separators."""
    return format_decimal(number, locale=locale(name))


def written_date(day: date, length: Length, name: str) -> str:
    """The date in the locale's own form."""
    return format_date(day, length, locale=locale(name))
