"""The languages of the pages for coordinators: which one a reader gets, and its catalogue.

A catalogue is a .po file of this package. It is compiled in memory when it is first used, so
neither the source nor an installation has a build step.
"""

import re
from datetime import date, datetime
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from jinja2 import pass_context
from jinja2.runtime import Context
from starlette.requests import Request

LANGUAGES = {"en": "English", "nb": "Norsk", "de": "Deutsch"}
"""By code, each in its own words. English is in the source, the others are catalogues."""

CHOSEN = "rekindle_language"
"""The cookie with the choice of the reader."""

_FORMATS = {"en": "en_GB"}
"""How days and numbers are written, where that is not decided by the language."""

_ALSO = {"no": "nb", "nn": "nb"}
_RANGE = re.compile(r"\s*([a-z]{2,3})(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE)


@cache
def translations(language: str) -> NullTranslations:
    """The texts of a language."""
    if language == "en":
        return NullTranslations()
    text = resources.files("rekindle.console").joinpath(f"catalogues/{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)


def language_of(request: Request) -> str:
    """The language that the reader chose on a page, or else the first that their browser asks for
    and that there is, or else English."""
    for said in (request.query_params.get("language"), request.cookies.get(CHOSEN)):
        if said in LANGUAGES:
            return said
    return _asked(request.headers.get("accept-language", ""))


def _asked(header: str) -> str:
    best, weight = "en", 0.0
    for part in header[:1_000].split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            continue
        code = _ALSO.get(found[1].lower(), found[1].lower())
        wanted = float(found[2] or 1)
        if code in LANGUAGES and wanted > weight:
            best, weight = code, wanted
    return best


@pass_context
def _full_day(page: Context, on: date) -> str:
    return format_date(on, "full", locale=_FORMATS.get(page["language"], page["language"]))


@pass_context
def _day(page: Context, on: date) -> str:
    return format_skeleton("MMMd", _noon(on), locale=_FORMATS.get(page["language"], page["language"]))


@pass_context
def _weekday(page: Context, on: date) -> str:
    return format_skeleton("MMMEd", _noon(on), locale=_FORMATS.get(page["language"], page["language"]))


@pass_context
def _count(page: Context, number: float) -> str:
    return format_decimal(number, format="#,##0.#", locale=_FORMATS.get(page["language"], page["language"]))


def _noon(on: date) -> datetime:
    return on if isinstance(on, datetime) else datetime(on.year, on.month, on.day, 12)  # noqa: DTZ001 only its day


FILTERS: dict[str, Any] = {"full_day": _full_day, "short_day": _day, "weekday": _weekday, "count": _count}
