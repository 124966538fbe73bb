"""Numbers, times and lists as people say them. Pure."""

from collections.abc import Sequence

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def count(number: int, one: str, many: str) -> str:
    """A number of things: "1 push", "1,200 pushes"."""
    return f"{number:,} {one if number == 1 else many}"


def days(number: int) -> str:
    """A number of days: "1 day", "14 days"."""
    return count(number, "day", "days")


def span(seconds: int) -> str:
    """A time in the largest unit that divides it, such as 7 days, 36 hours or 90 minutes. One day
    is 24 hours."""
    if seconds == _UNITS[0][0]:
        return "24 hours"
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return count(seconds // size, unit, f"{unit}s")


def listed(parts: Sequence[str], last: str) -> str:
    """The parts as a list, with this word before the last one: "a, b or c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def again(parts: Sequence[str]) -> str:
    """What comes first, and again each time after that: "14 days, and again 30 days"."""
    first, *others = parts
    return first if not others else f"{first}, and again {listed(others, 'and')}"
