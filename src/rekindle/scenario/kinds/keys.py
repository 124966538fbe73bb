"""Types of keys that several kinds of scenarios have, and the checks behind them."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from rekindle.policy import parse_days

SCENARIO_TYPE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def _days(value: object) -> object:
    return parse_days(value) if isinstance(value, str) else value


def _earlier_name(text: str) -> str:
    if SCENARIO_TYPE.fullmatch(text) is None:
        raise ValueError("is not the name of a scenario; write the name that it had before")
    return text


def distinct(values: list[int]) -> list[int]:
    """The values, ascending.

    Raises:
        ValueError: a value appears twice.
    """
    if len(set(values)) != len(values):
        raise ValueError("the same value appears twice")
    return sorted(values)


def within_age(days: list[int], known: ValidationInfo) -> list[int]:
    """The days, each of which an occasion reaches before it is too old.

    Raises:
        ValueError: one is longer than `max_age`.
    """
    max_age = known.data.get("max_age")
    if max_age is not None and (never := [f"{one}d" for one in days if one > max_age]):
        raise ValueError(f"nobody reaches {', '.join(never)}, because max_age is {max_age}d")
    return days


def not_counted(facts: Mapping[str, Any]) -> str:
    """A few words for `explained`, about the activities that do not count; empty if all of them
    do."""
    number = facts["not_counted"]
    return f" ({number} more lie ahead or are dated before 1970-01-02)" if number else ""


Days = Annotated[int, BeforeValidator(_days), Field(gt=0, le=3_660)]
Thresholds = Annotated[list[Days], Field(min_length=1, max_length=20), AfterValidator(distinct)]
EarlierName = Annotated[str, AfterValidator(_earlier_name)]
