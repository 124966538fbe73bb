"""The table that a harness run prints."""

from collections.abc import Sequence

from torture.acts import Verdict
from torture.checker import INVARIANTS, longest_overrun, most_unknown_of_one_run


def table(verdicts: Sequence[Verdict]) -> str:
    """One line per figure, one column per session, and their sum; in Markdown, ready to paste."""
    rows: list[tuple[str, Sequence[float]]] = [
        ("seconds of faults", [one.session.seconds for one in verdicts]),
        ("accepted", [len(one.evidence.accepted) for one in verdicts]),
        (
            "accepted digests of several occasions",
            [float(sum(bool(sent.others) for sent in one.evidence.accepted)) for one in verdicts],
        ),
        ("recorded", [len(one.evidence.records) for one in verdicts]),
        ("unknown", [sum(end.outcome == "unknown" for end in one.evidence.endings) for one in verdicts]),
        ("dead or skipped", [sum(end.outcome != "unknown" for end in one.evidence.endings) for one in verdicts]),
        ("pruned", [one.evidence.pruned for one in verdicts]),
        ("runs", [len(one.evidence.runs) for one in verdicts]),
    ]
    names = sorted({name for one in verdicts for name in one.evidence.counts})
    rows += [(name, [one.evidence.counts[name] for one in verdicts]) for name in names]
    for invariant in INVARIANTS:
        rows.append(
            (f"**{invariant}**", [sum(breach.invariant == invariant for breach in one.breaches) for one in verdicts])
        )
    lines = ["| | " + " | ".join(f"{one.session.design}, seed {one.session.seed}" for one in verdicts) + " | sum |"]
    lines.append("|---|" + "---:|" * (len(verdicts) + 1))
    for name, values in rows:
        lines.append(f"| {name} | " + " | ".join(f"{value:,.0f}" for value in [*values, sum(values)]) + " |")
    most = [most_unknown_of_one_run(one.evidence) for one in verdicts]
    lines.append("| most unknowns of one crash | " + " | ".join(f"{value:,}" for value in [*most, max(most)]) + " |")
    slowest = [longest_overrun(one.evidence) for one in verdicts]
    lines.append(
        "| slowest cycle over its budget, s | "
        + " | ".join(f"{value:.1f}" for value in [*slowest, max(slowest)])
        + " |"
    )
    return "\n".join(lines)
