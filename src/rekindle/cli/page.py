"""Parts of a page: one HTML file that needs nothing else, so it can be mailed."""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #8885; text-align: left; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; }
svg text { fill: currentColor; font-size: 13px; }
rect { fill: #2b7a78; }
details { margin: .5rem 0 1.5rem; }
"""
_BAR, _ROW, _LABEL = 380, 26, 260
_WIDE, _TALL = 800, 160


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page. The parts are HTML, and the title is text."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def section(heading: str, text: str, chart: str) -> str:
    """A heading, a line of text, and a chart."""
    return f"<h2>{escape(heading)}</h2>\n<p>{escape(text)}</p>\n{chart}"


def bars(rows: Sequence[tuple[str, float, str]], *, most: float | None = None) -> str:
    """A bar per row, with its label and its number as text."""
    if not rows:
        return "<p>Nothing yet.</p>"
    longest = most or max(value for _, value, _ in rows) or 1
    bars = "".join(
        f'<text x="0" y="{y + 17}">{escape(label)}</text>'
        f'<rect x="{_LABEL}" y="{y + 4}" width="{_BAR * value / longest:.1f}" height="{_ROW - 8}"/>'
        f'<text x="{_LABEL + _BAR * value / longest + 6:.1f}" y="{y + 17}">{escape(shown)}</text>'
        for y, (label, value, shown) in zip(range(0, _ROW * len(rows), _ROW), rows, strict=True)
    )
    return f'<svg viewBox="0 0 {_LABEL + _BAR + 160} {_ROW * len(rows)}" role="img">{bars}</svg>'


def columns(rows: Sequence[tuple[str, float]], *, labels: Sequence[str] = ()) -> str:
    """A column per row, side by side, with the highest number at the top and its label when you
    point at it. `labels` are written below, from the left to the right."""
    if not rows:
        return "<p>Nothing yet.</p>"
    most = max(value for _, value in rows) or 1
    wide = _WIDE / len(rows)
    drawn = "".join(
        f'<rect x="{number * wide:.2f}" y="{20 + _TALL * (1 - value / most):.1f}" width="{max(wide - 1, 0.5):.2f}" '
        f'height="{_TALL * value / most:.1f}"><title>{escape(label)}: {value:,.0f}</title></rect>'
        for number, (label, value) in enumerate(rows)
    )
    step = _WIDE / max(len(labels) - 1, 1)
    ends = {0: "start", len(labels) - 1: "end"}
    below = "".join(
        f'<text x="{number * step:.0f}" y="{_TALL + 38}" text-anchor="{ends.get(number, "middle")}">'
        f"{escape(label)}</text>"
        for number, label in enumerate(labels)
    )
    top = f'<text x="0" y="14">{most:,.0f}</text>'
    line = f'<path d="M0 {_TALL + 20}H{_WIDE}" stroke="currentColor" stroke-width="1"/>'
    return f'<svg viewBox="0 0 {_WIDE} {_TALL + 46}" role="img">{top}{drawn}{line}{below}</svg>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """A table whose first `texts` columns are texts and whose others are numbers."""
    head = "".join(
        f"<th>{escape(one)}</th>" if number < texts else f'<th class="number">{escape(one)}</th>'
        for number, one in enumerate(headings)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(cell)}</td>" if number < texts else f'<td class="number">{escape(cell)}</td>'
            for number, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    return f"<table>\n<tr>{head}</tr>\n{body}</table>"


def folded(summary: str, content: str) -> str:
    """Content that opens when its line is chosen."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"
