"""Charts with two axes for a page."""

from collections.abc import Sequence
from html import escape

NUDGED, HELD_OUT = "#2b7a78", "#b5652b"
"""The colours of the arms, the same in every chart."""

_WIDE, _TALL, _LEFT, _TOP, _BELOW = 720, 220, 60, 12, 40

Point = tuple[float, float]


class Plot:
    """Draws over a part of the plane. A point outside of it is moved to its edge."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._x = x if x[1] > x[0] else (x[0], x[0] + 1)
        self._y = y if y[1] > y[0] else (y[0], y[0] + 1)
        self._parts: list[str] = []

    def svg(self, label: str) -> str:
        """The chart. `label` says in words what it shows."""
        size = f"0 0 {_LEFT + _WIDE + 20} {_TOP + _TALL + _BELOW}"
        return f'<svg viewBox="{size}" role="img" aria-label="{escape(label)}">{"".join(self._parts)}</svg>'

    def bands(self, rows: Sequence[tuple[float, float, float]], colour: str) -> None:
        """A vertical bar from the second to the third number at each first one."""
        self._parts += [
            f'<path d="M{self._at((x, low))}L{self._at((x, high))}" stroke="{colour}" stroke-width="4"/>'
            for x, low, high in rows
        ]

    def steps(self, rows: Sequence[tuple[float, float, float, float]], colour: str) -> None:
        """A line that jumps at each first number to the second, with a band from the third to the
        fourth."""
        if not rows:
            return
        ends = [*(row[0] for row in rows[1:]), self._x[1]]
        for (x, value, low, high), end in zip(rows, ends, strict=True):
            corners = " ".join(self._at(one) for one in ((x, low), (end, low), (end, high), (x, high)))
            self._parts.append(f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.15"/>')
            self._parts.append(f'<path d="M{self._at((x, value))}L{self._at((end, value))}" stroke="{colour}"/>')

    def line(self, points: Sequence[Point], colour: str, *, dashed: bool = False) -> None:
        """A line through the points."""
        if points:
            corners = " ".join(self._at(one) for one in points)
            dash = ' stroke-dasharray="5 4"' if dashed else ""
            self._parts.append(f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')

    def level(self, y: float, label: str, *, dashed: bool = True) -> None:
        """A horizontal line with its label on the left."""
        dash = ' stroke-dasharray="5 4" stroke-opacity="0.6"' if dashed else ""
        left, right = self._at((self._x[0], y)), self._at((self._x[1], y))
        self._parts.append(f'<path d="M{left}L{right}" stroke="currentColor"{dash}/>')
        self._parts.append(
            f'<text x="{_LEFT - 6}" y="{self._down(y) + 4:.1f}" text-anchor="end">{escape(label)}</text>'
        )

    def mark(self, x: float, label: str, *, row: int = 0) -> None:
        """A vertical line with its label below."""
        bottom, top = self._at((x, self._y[0])), self._at((x, self._y[1]))
        across = self._across(x)
        anchor = "start" if across < _LEFT + 60 else "end" if across > _LEFT + _WIDE - 60 else "middle"
        self._parts.append(f'<path d="M{bottom}L{top}" stroke="currentColor" stroke-opacity="0.3"/>')
        self._parts.append(
            f'<text x="{across:.1f}" y="{_TOP + _TALL + 16 + 16 * row}" text-anchor="{anchor}">{escape(label)}</text>'
        )

    def _at(self, point: Point) -> str:
        return f"{self._across(point[0]):.1f} {self._down(point[1]):.1f}"

    def _across(self, x: float) -> float:
        return _LEFT + _WIDE * _share(x, self._x)

    def _down(self, y: float) -> float:
        return _TOP + _TALL * (1 - _share(y, self._y))


def _share(value: float, ends: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))
