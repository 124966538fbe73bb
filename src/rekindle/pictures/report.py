"""The report as one HTML file, which needs nothing else: it can be mailed."""

from collections.abc import Callable, Sequence
from html import escape

from rekindle.pictures.page import bars, document, section
from rekindle.ports import PlaceSummary, Summary


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
        section(
            "People reached",
            "Each person counts once per scenario and organisation.",
            bars([(label, one.reached, f"{one.reached:,}") for label, one in zip(labels, summary.places, strict=True)]),
        ),
        _table(summary, organisation),
        *([_opens(labels, summary)] if summary.knows_opened else []),
        section(
            "Came back",
            "The share of pushes that were followed by activity within the horizon. It is a base rate and not an "
            "effect: people come back without a nudge, too.",
            bars([(label, one.came_back / one.looked_back, _share(one)) for label, one in decided], most=1.0),
        ),
        section(
            "Due and not claimed",
            "By reason. Each run counts a person again.",
            bars([(label, people, f"{people:,}") for label, people in refused]),
        ),
    ]
    return document(title, parts)


def opened(one: PlaceSummary) -> str:
    """How many records were opened, of how many."""
    return f"{one.opened or 0:,} of {one.records:,}" if one.records else "-"


def _opens(labels: Sequence[str], summary: Summary) -> str:
    shown = [(label, one) for label, one in zip(labels, summary.places, strict=True) if one.records]
    return section(
        "Opened",
        "The share of pushes that your app says were tapped. People also read a push and do not tap it.",
        bars([(label, (one.opened or 0) / one.records, opened(one)) for label, one in shown], most=1.0),
    )


def _table(summary: Summary, organisation: Callable[[PlaceSummary], str]) -> str:
    seen = summary.knows_opened
    opens = ["opened"] if seen else []
    headings = (
        "scenario", "organisation", "reached", "pushes", *opens, "came back", "opted out", "unknown", "dead tokens",
    )  # fmt: skip
    rows = "".join(
        f"<tr><td>{escape(one.scenario_type)}</td><td>{escape(organisation(one))}</td>"
        + "".join(f'<td class="num">{escape(cell)}</td>' for cell in _cells(one, opens=seen))
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
