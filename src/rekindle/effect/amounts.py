"""How rates and differences are written: in points, rounded away from what is claimed.

A *point* is a hundredth: 20 % and 25 % differ by 5 points.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal


def points(rate: float, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The difference in points, to a tenth."""
    # Rounded to nine digits first: 0.082 is 8.2 points, and not slightly more.
    return (Decimal(f"{rate:.9f}") * 100).quantize(Decimal("0.1"), rounding)


def outwards(lower: float, upper: float) -> tuple[Decimal, Decimal]:
    """Both ends in points, rounded to a tenth away from each other."""
    return points(lower, ROUND_FLOOR), points(upper, ROUND_CEILING)


def shown(number: Decimal) -> str:
    """An end that is not zero is never shown as zero."""
    return plain(number) if number > 0 else "less than 0.1"


def plain(number: Decimal) -> str:
    """Without a sign, and without `.0`."""
    return f"{abs(number):f}".removesuffix(".0")


def signed(number: Decimal) -> str:
    """With its sign; zero is +0."""
    return f"{'-' if number < 0 else '+'}{plain(number)}"


def percent(rate: float) -> str:
    """A rate that was fixed, as short as possible."""
    return f"{plain(points(rate))} %"


def share_of(part: int, whole: int) -> str:
    """A rate that was counted, to a tenth of a per cent."""
    return f"{100 * part / whole:.1f} %" if whole else "none"


def count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many}"
