"""Charts with two axes for a page.

Across, everything is in per cent, and down in pixels: a chart fits each width, and its text keeps
its size. A path cannot have per cent, so it is drawn in an inner box that stretches.
"""

from collections.abc import Sequence
from html import escape

NUDGED, HELD_OUT = "one", "two"
"""The classes of the arms, the same in every chart."""

_ROW = 16
_BOX = 1_000

Point = tuple[float, float]


class Plot:
    """Draws over a part of the plane. A point outside of it is moved to its edge."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], *, height: int = 240) -> None:
        self._x = x if x[1] > x[0] else (x[0], x[0] + 1)
        self._y = y if y[1] > y[0] else (y[0], y[0] + 1)
        self._height = height
        self._rows = 1
        self._parts: list[str] = []

    def svg(self, label: str) -> str:
        """The chart. `label` says in words what it shows."""
        deep = " deep" if self._rows > 1 else ""
        return (
            f'<div class="plot titled{deep}"><svg class="chart" role="img" aria-label="{escape(label)}" width="100%" '
            f'height="{self._height}">{"".join(self._parts)}</svg></div>'
        )

    def ranges(self, rows: Sequence[tuple[float, float, float]]) -> None:
        """A vertical bar from the second to the third number at each first one."""
        self._parts += [
            f'<line class="range" x1="{self._across(x)}" x2="{self._across(x)}" y1="{self._down(low):.1f}" '
            f'y2="{self._down(high):.1f}"/>'
            for x, low, high in rows
        ]

    def band(self, rows: Sequence[tuple[float, float, float]], *, until: float) -> None:
        """What lies between the second and the third number, from each first one to the next, with
        its edges."""
        upper = self._held([(x, high) for x, _, high in rows], until)
        lower = self._held([(x, low) for x, low, _ in rows], until)
        self._stretched(
            self._path([*upper, *reversed(lower)], "band", closed=True)
            + self._path(upper, "edge")
            + self._path(lower, "edge")
        )

    def steps(self, rows: Sequence[tuple[float, float, float, float]], css: str) -> None:
        """A line that jumps at each first number to the second, with a band from the third to the
        fourth."""
        if not rows:
            return
        end = self._x[1]
        line, low, high = (self._held([(row[0], row[part]) for row in rows], end) for part in (1, 2, 3))
        self._stretched(
            self._path([*high, *reversed(low)], f"band {css}", closed=True) + self._path(line, f"line {css}")
        )

    def line(self, points: Sequence[Point], *, expected: bool = False) -> None:
        """A line through the points; dashed if they are expected and not counted."""
        if points:
            self._stretched(self._path(points, "line thin" if expected else "line"))

    def level(self, y: float, label: str, css: str = "grid") -> None:
        """A horizontal line with its label on the left."""
        down = self._down(y)
        self._parts.append(f'<line class="{css}" x1="0" x2="100%" y1="{down:.1f}" y2="{down:.1f}"/>')
        if label:
            self._text("0", down + 4, label, "tick", "end", -8)

    def end(self, y: float, label: str) -> None:
        """A number at the right end."""
        self._text("100%", self._down(y) + 4, label, "value", "start", 6)

    def unit(self, label: str) -> None:
        """What the numbers on the left are, above them."""
        self._text("0", -14, label, "note", "start", -40)

    def mark(self, x: float, label: str, *, row: int = 0, css: str = "mark") -> None:
        """A vertical line with its label below."""
        across, share = self._across(x), _share(x, self._x)
        anchor = "start" if share < 0.15 else "end" if share > 0.85 else "middle"
        if css:
            self._parts.append(f'<line class="{css}" x1="{across}" x2="{across}" y1="0" y2="{self._height}"/>')
        self._text(across, self._height + 18 + _ROW * row, label, "tick", anchor)
        self._rows = max(self._rows, row + 1)

    def _text(self, x: str, y: float, words: str, css: str, anchor: str, dx: int = 0) -> None:
        self._parts.append(
            f'<text class="{css}" x="{x}" y="{y:.1f}" dx="{dx}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def _held(self, rows: Sequence[Point], until: float) -> list[Point]:
        """The corners of a line that keeps each value until the next one."""
        ends = [*(x for x, _ in rows[1:]), until]
        return [corner for (x, y), end in zip(rows, ends, strict=True) for corner in ((x, y), (end, y))]

    def _path(self, points: Sequence[Point], css: str, *, closed: bool = False) -> str:
        corners = "L".join(f"{_BOX * _share(x, self._x):.1f} {self._down(y):.1f}" for x, y in points)
        return f'<path class="{css}" d="M{corners}{"Z" if closed else ""}" vector-effect="non-scaling-stroke"/>'

    def _stretched(self, paths: str) -> None:
        self._parts.append(
            f'<svg width="100%" height="{self._height}" viewBox="0 0 {_BOX} {self._height}" '
            f'preserveAspectRatio="none">{paths}</svg>'
        )

    def _across(self, x: float) -> str:
        return f"{100 * _share(x, self._x):.2f}%"

    def _down(self, y: float) -> float:
        return self._height * (1 - _share(y, self._y))


def _share(value: float, ends: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))
