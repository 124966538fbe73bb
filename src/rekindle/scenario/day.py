"""A date in the configuration."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9999, 12, 30)
"""What is dated earlier means "never" (rekindle.happened)."""


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError("is not a date; write it as 2026-01-31, without a time")
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError(f"is not between {_FIRST_DAY} and {_LAST_DAY}")
    return text


Day = Annotated[str, BeforeValidator(_written), AfterValidator(_day)]
"""A date, as text: what is stored is JSON."""
