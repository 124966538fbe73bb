"""Parts of a page. A document of them is one HTML file that needs nothing else, so it can be
mailed; the console shows single parts in its pages, with the style sheet of the console."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c1b19, #eeebe4); --ink-2: light-dark(#57534b, #b6b0a4);
  --line: light-dark(#dcd8ce, #3b3832); --one: light-dark(#0b5a63, #74c7cd); --one-soft: light-dark(#b5d6d9, #245056);
  --two: light-dark(#94805f, #94866a); --two-soft: light-dark(#e0d7c8, #453d2e); --ground: light-dark(#fff, #151412); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--ground); color: var(--ink); }
table { border-collapse: collapse; margin: 1rem 0 2rem; font-size: .875rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: left; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { margin: .5rem 0 1.5rem; overflow-x: auto; }
.bars { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: .25rem .75rem; }
.bars dd { display: contents; }
.plot { padding: 28px 48px 28px 40px; } .plot.deep { padding-bottom: 44px; } .plot.plain { padding-right: 0; }
.chart, .meter { display: block; overflow: visible; } .meter { margin-top: 5px; }
.chart text { font-size: 12px; fill: var(--ink-2); } .chart .value { font-weight: 650; fill: var(--ink); }
.bar { fill: var(--one); }
.chart .grid { stroke: var(--line); } .chart .base, .chart .zero { stroke: var(--ink); }
.chart .worth { stroke: var(--ink-2); stroke-dasharray: 2 4; }
.chart .mark { stroke: var(--ink-2); stroke-dasharray: 5 4; }
.chart .band { fill: var(--one-soft); fill-opacity: .6; } .chart .band.two { fill: var(--two-soft); }
.chart .edge, .chart .line { fill: none; stroke: var(--one); stroke-width: 1.5; }
.chart .line { stroke-width: 2.5; } .chart .range { stroke: var(--one); stroke-width: 4; }
.chart .line.thin { stroke-width: 1.5; stroke-dasharray: 4 3; }
.chart .line.two { stroke: var(--two); stroke-dasharray: 6 4; }
"""
_TALL = 160


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, with what it says and its numbers. `chart` and `numbers` are HTML, the others are
    text."""

    heading: str
    words: str
    chart: str
    numbers: str = ""


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


def drawn(picture: Picture, *, of: str = "") -> str:
    """A picture as a section of a document, with the name of what it is of before its heading."""
    numbers = folded("Numbers", picture.numbers) if picture.numbers else ""
    heading = f"{of}: {picture.heading[:1].lower()}{picture.heading[1:]}" if of else picture.heading
    return section(heading, picture.words, picture.chart + numbers)


def bars(rows: Sequence[tuple[str, float, str]], *, most: float | None = None) -> str:
    """A bar per row, with its label and its number as text."""
    if not rows:
        return "<p>Nothing yet.</p>"
    longest = most or max(value for _, value, _ in rows) or 1
    shown = "".join(
        f'<dt>{escape(label)}</dt><dd><svg class="meter" aria-hidden="true" width="100%" height="12">'
        f'<rect class="bar" width="{100 * value / longest:.2f}%" height="12"/></svg>'
        f'<span class="num">{escape(number)}</span></dd>'
        for label, value, number in rows
    )
    return f'<dl class="bars">{shown}</dl>'


def columns(rows: Sequence[tuple[str, float]], *, labels: Sequence[str] = ()) -> str:
    """A column per row, side by side, with the highest number at the top and its label when you
    point at it. `labels` are written below, from the left to the right."""
    if not rows:
        return "<p>Nothing yet.</p>"
    most = max(value for _, value in rows) or 1
    wide = 100 / len(rows)
    shown = "".join(
        f'<rect class="bar" x="{number * wide:.2f}%" y="{_TALL * (1 - value / most):.1f}" width="{0.9 * wide:.2f}%" '
        f'height="{_TALL * value / most:.1f}"><title>{escape(label)}: {value:,.0f}</title></rect>'
        for number, (label, value) in enumerate(rows)
    )
    step = 100 / max(len(labels) - 1, 1)
    ends = {0: "start", len(labels) - 1: "end"}
    below = "".join(
        f'<text x="{number * step:.1f}%" y="{_TALL + 18}" text-anchor="{ends.get(number, "middle")}">'
        f"{escape(label)}</text>"
        for number, label in enumerate(labels)
    )
    top = f'<text x="0" y="-6">{most:,.0f}</text>'
    line = f'<line class="base" x1="0" x2="100%" y1="{_TALL}" y2="{_TALL}"/>'
    return (
        f'<div class="plot plain"><svg class="chart" width="100%" height="{_TALL}" role="img" '
        f'aria-label="At most {most:,.0f}">{top}{shown}{line}{below}</svg></div>'
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """A table whose first `texts` columns are texts and whose others are numbers."""
    head = "".join(f'<th scope="col"{_of(number, texts)}>{escape(one)}</th>' for number, one in enumerate(headings))
    body = "".join(
        "<tr>" + "".join(f"<td{_of(number, texts)}>{escape(cell)}</td>" for number, cell in enumerate(row)) + "</tr>\n"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def folded(summary: str, content: str) -> str:
    """Content that opens when its line is chosen."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"


def _of(column: int, texts: int) -> str:
    return "" if column < texts else ' class="num"'
