"""Small multiples: a row for each scenario with a column for each day, all on the same scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_TALL, _ROOM = 56, 14
"""The height of a row in pixels, and how much of it is for the number above the highest column."""


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one name, by day."""

    name: str
    counts: Sequence[int]


def multiples(
    rows: Sequence[Row],
    days: Sequence[str],
    *,
    ticks: Sequence[int],
    unit: str,
    so_far: bool = False,
    of: str = "Scenario",
    wide: bool = False,
) -> str:
    """The rows, below each other, as HTML.

    Args:
        days: the name of each day.
        ticks: the days whose names are written below.
        unit: what is counted, such as "people reached".
        so_far: the last day is not over.
        of: what the rows are.
        wide: the names are long.
    """
    most = max((count for row in rows for count in row.counts), default=0) or 1
    shown = "\n".join(
        f'<div class="multi"><span class="name">{escape(row.name)}</span>{_columns(row, days, most, unit, so_far)}'
        f'<span class="sum-up">{sum(row.counts):,}</span></div>'
        for row in rows
    )
    head = f'<div class="multi head"><span class="name">{escape(of)}</span><span class="sum-up">Sum</span></div>'
    css = "multiples long" if wide else "multiples"
    return f'<div class="{css}">{head}\n{shown}\n<div class="multi">{_axis(days, ticks)}</div></div>'


def numbers(rows: Sequence[Row], days: Sequence[str], *, caption: str) -> str:
    """The same numbers as a table, the newest day first."""
    head = "".join(f'<th scope="col" class="num">{escape(row.name)}</th>' for row in rows)
    body = "".join(
        f'<tr><th scope="row">{escape(day)}</th>'
        + "".join(f'<td class="num">{row.counts[number]:,}</td>' for row in rows)
        + "</tr>\n"
        for number, day in reversed(list(enumerate(days)))
    )
    return (
        f'<table><caption>{escape(caption)}</caption><thead><tr><th scope="col">Day</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _columns(row: Row, days: Sequence[str], most: int, unit: str, so_far: bool) -> str:
    step = 100 / len(days)
    highest = max(row.counts)
    at = row.counts.index(highest)
    parts = [f'<line class="base" x1="0" x2="100%" y1="{_TALL - 0.5}" y2="{_TALL - 0.5}"/>']
    for number, count in enumerate(row.counts):
        if count:
            tall = max(2.0, count / most * (_TALL - _ROOM))
            css = "so-far" if so_far and number == len(days) - 1 else "bar"
            parts.append(
                f'<rect class="{css}" x="{(number + 0.12) * step:.2f}%" width="{0.76 * step:.2f}%" '
                f'y="{_TALL - 1 - tall:.1f}" height="{tall:.1f}"><title>{escape(days[number])}: {count:,}</title>'
                "</rect>"
            )
    if highest:
        tall = max(2.0, highest / most * (_TALL - _ROOM))
        parts.append(
            f'<text class="tick" x="{(at + 0.5) * step:.2f}%" y="{_TALL - tall - 5:.1f}" text-anchor="middle">'
            f"{highest:,}</text>"
        )
    label = f"{row.name}, {unit} per day, {len(days)} days: {sum(row.counts):,} in all, at most {highest:,} a day"
    return (
        f'<svg class="chart cols" role="img" aria-label="{escape(label)}" width="100%" height="{_TALL}">'
        f"{''.join(parts)}</svg>"
    )


def _axis(days: Sequence[str], ticks: Sequence[int]) -> str:
    step = 100 / len(days)
    shown = "".join(
        f'<text class="tick{" t2" if place % 2 and day != len(days) - 1 else ""}" x="{(day + 0.5) * step:.2f}%" y="13" '
        f'text-anchor="{"end" if (day + 0.5) * step > 97 else "middle"}">{escape(days[day])}</text>'
        for place, day in enumerate(ticks)
    )
    return f'<svg class="chart axis" aria-hidden="true" width="100%" height="18">{shown}</svg>'
