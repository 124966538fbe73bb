"""How far a run under way is, in people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rekindle.console import words
from rekindle.model import Report


@dataclass(frozen=True, slots=True)
class Progress:
    """The people that a run has claimed or carried so far, and what became of them."""

    people: int
    """More may be claimed while the run goes on."""
    sent: int
    """A push of theirs was accepted."""
    left: int
    """They are still to be sent to."""
    others: int
    """Nothing was accepted for them: skipped, dead, unknown, held out, or left to another run."""

    @classmethod
    def of(cls, report: Report) -> "Progress":
        """The progress of a run, over its scenarios."""
        people = sum(one.claimed + one.carried for one in report.scenarios)
        sent = sum(one.recorded for one in report.scenarios)
        left = sum(one.pending for one in report.scenarios)
        return cls(people, sent, left, people - sent - left)

    @property
    def done(self) -> int:
        """People who are not to be sent to any more."""
        return self.people - self.left


@dataclass(frozen=True, slots=True)
class Under:
    """A run under way, as the first page shows it. `until`: when it ends at the latest."""

    report: Report
    progress: Progress
    scenarios: str
    by: str
    until: datetime

    @classmethod
    def of(cls, report: Report) -> "Under":
        """A run by its report so far."""
        until = report.started_at + timedelta(seconds=report.budget_seconds)
        return cls(report, Progress.of(report), words.scenarios(report), words.by(report), until)


def changes(before: Report | None, after: Report) -> list[str]:
    """What has happened in a run between two looks at it, as lines of a log, in people."""
    lines: list[str] = []
    known = {} if before is None else {one.scenario_type: one for one in before.scenarios}
    for one in after.scenarios:
        was = known.get(one.scenario_type)
        if was is None or was.claimed != one.claimed:
            lines.append(f"{one.scenario_type}: {one.evaluated:,} looked at, {one.due:,} due, {one.claimed:,} claimed")
        ended = [
            f"{getattr(one, name):,} {name.replace('_', ' ')}"
            for name in ("recorded", "held_out", "skipped", "dead", "unknown")
            if getattr(one, name) != (0 if was is None else getattr(was, name))
        ]
        if ended:
            lines.append(f"{one.scenario_type}: {', '.join(ended)}, {one.pending:,} to go")
    if after.status != "running" and (before is None or before.status == "running"):
        lines.append(f"The run ended: {words.STATUS[after.status][2].lower()}")
    return lines


def said(before: Report | None, after: Report) -> str:
    """What is read out to somebody who does not see the page: every tenth of the way, and the
    end. Empty: nothing."""
    if after.status != "running":
        reached = sum(one.recorded for one in after.scenarios)
        return f"The run ended: {words.STATUS[after.status][2].lower()}, {words.people(reached)} sent."
    now, was = Progress.of(after), Progress(0, 0, 0, 0) if before is None else Progress.of(before)
    if now.people and _tenths(now) != _tenths(was):
        return f"{now.done:,} of {words.people(now.people)} done."
    return ""


def _tenths(one: Progress) -> int:
    return 10 * one.done // one.people if one.people else -1
