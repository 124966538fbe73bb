"""The report as one HTML file, which needs nothing else: it can be mailed."""

from collections.abc import Callable, Sequence
from html import escape

from rekindle.ports import PlaceSummary, Summary

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #8885; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; }
svg text { fill: currentColor; font-size: 13px; }
rect { fill: #2b7a78; }
"""
_BAR, _ROW, _LABEL = 380, 26, 260


def page(summary: Summary, organisation: Callable[[PlaceSummary], str]) -> str:
    """The whole document. Names from the team's views are escaped."""
    labels = [f"{one.scenario_type}, {organisation(one)}" for one in summary.places]
    decided = [(label, one) for label, one in zip(labels, summary.places, strict=True) if one.looked_back]
    refused = [
        (f"{name}: {reason}", people) for name, each in summary.refusals.items() for reason, people in each.items()
    ]
    title = f"Pushes from {summary.since:%Y-%m-%d} to {summary.at:%Y-%m-%d}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _section(
            "People reached",
            "Each person counts once per scenario and organisation.",
            _bars(
                [(label, one.reached, f"{one.reached:,}") for label, one in zip(labels, summary.places, strict=True)]
            ),
        ),
        _table(summary, organisation),
        *([_opens(labels, summary)] if summary.knows_opened else []),
        _section(
            "Came back",
            "The share of pushes that were followed by activity within the horizon. It is a base rate and not an "
            "effect: people come back without a nudge, too.",
            _bars([(label, one.came_back / one.looked_back, _share(one)) for label, one in decided], most=1.0),
        ),
        _section(
            "Due and not claimed",
            "By reason. Each run counts a person again.",
            _bars([(label, people, f"{people:,}") for label, people in refused]),
        ),
    ]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def opened(one: PlaceSummary) -> str:
    """How many records were opened, of how many."""
    return f"{one.opened or 0:,} of {one.records:,}" if one.records else "-"


def _opens(labels: Sequence[str], summary: Summary) -> str:
    shown = [(label, one) for label, one in zip(labels, summary.places, strict=True) if one.records]
    return _section(
        "Opened",
        "The share of pushes that your app says were tapped. People also read a push and do not tap it.",
        _bars([(label, (one.opened or 0) / one.records, opened(one)) for label, one in shown], most=1.0),
    )


def _section(heading: str, text: str, chart: str) -> str:
    return f"<h2>{escape(heading)}</h2>\n<p>{escape(text)}</p>\n{chart}"


def _bars(rows: Sequence[tuple[str, float, str]], *, most: float | None = None) -> str:
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


def _table(summary: Summary, organisation: Callable[[PlaceSummary], str]) -> str:
    seen = summary.knows_opened
    opens = ["opened"] if seen else []
    headings = (
        "scenario", "organisation", "reached", "pushes", *opens, "came back", "opted out", "unknown", "dead tokens",
    )  # fmt: skip
    rows = "".join(
        f"<tr><td>{escape(one.scenario_type)}</td><td>{escape(organisation(one))}</td>"
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in _cells(one, opens=seen))
        + "</tr>\n"
        for one in summary.places
    )
    return f"<table>\n<tr>{''.join(f'<th>{one}</th>' for one in headings)}</tr>\n{rows}</table>"


def _cells(one: PlaceSummary, *, opens: bool) -> tuple[str, ...]:
    known = bool(one.looked_back)
    return (
        f"{one.reached:,}",
        f"{one.pushes:,}",
        *([opened(one)] if opens else []),
        _share(one) if known else "not known yet",
        f"{one.opted_out:,}" if known else "-",
        f"{one.unknown:,}",
        f"{one.dead_tokens:,}",
    )


def _share(one: PlaceSummary) -> str:
    share = one.came_back / one.looked_back
    return f"{share:.0%}, {one.came_back:,} of {one.looked_back:,} in {one.horizon_days} d"
