"""The words of the console for what the ledger counts. The code stays beside the words."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from rekindle.model import REASONS, Numbers, Report

STATUS: Mapping[str, tuple[str, str, str]] = {
    "running": ("live", "wait", "Running"),
    "done": ("ok", "ok", "Done"),
    "incomplete": ("warn", "warn", "Incomplete"),
    "halted": ("stop", "stop", "Halted"),
    "budget": ("", "wait", "Budget used"),
    "abandoned": ("", "skip", "Abandoned"),
    "not_started": ("stop", "stop", "Not started"),
}
"""The tag of each status: its colour, its icon and its word."""

MEANS: Mapping[str, str] = {
    "running": "It is under way.",
    "done": "Everybody who was due was reached, or refused for a reason that needs nobody.",
    "incomplete": "Something that should have been sent was not, or its outcome is unknown.",
    "halted": "It stopped, and somebody must act.",
    "budget": "Its time was used up. The next run carries on with what is left.",
    "abandoned": "Its process ended without a report. The next run finishes its work.",
    "not_started": "Sending was not possible, and nobody was claimed.",
}
"""What each status means for people."""

ENDINGS: Mapping[str, str] = {
    "skipped": "Skipped: it was not sent, and need not be.",
    "dead": "Dead: it cannot be sent.",
    "unknown": "Unknown: it may have arrived, so it is not repeated.",
    "retry": "Waiting: it is tried again.",
}
"""What became of people who were claimed and not recorded."""


def number(count: int) -> str:
    """A number with thin separators."""
    return f"{count:,}"


def people(count: int) -> str:
    """A number of people."""
    return f"{count:,} {'person' if count == 1 else 'people'}"


def refusals(one: Numbers) -> list[tuple[str, str, int]]:
    """The words, the code and the number of people of each reason, the most first."""
    reasons = sorted(one.refusals.items(), key=lambda item: (-item[1], item[0]))
    return [(REASONS.get(code, code), code, count) for code, count in reasons]


def endings(one: Numbers) -> list[tuple[str, str, int]]:
    """What became of people who were claimed and not recorded: the ending, the code of the reason
    and the number of people."""
    split = [(key.partition(":"), count) for key, count in one.reasons.items()]
    return [(ending, reason, count) for (ending, _, reason), count in sorted(split)]


def by(report: Report) -> str:
    """What started a run."""
    if report.tick is not None:
        return "by schedule" if report.attempt == 1 else f"by schedule, attempt {report.attempt}"
    return "by hand" if report.started_by is None else f"by {report.started_by}"


def scenarios(report: Report) -> str:
    """The scenarios of a run, or a dash."""
    return ", ".join([part.scenario_type for part in report.scenarios] + _held_only(report)) or "–"


def held_back(report: Report) -> str:
    """What the guard held back in a run: "inactivity, 48 people"; empty: nothing."""
    return "; ".join(f"{one.scenario_type}, {people(one.people)}" for one in report.held)


def _held_only(report: Report) -> list[str]:
    """The scenarios of which the guard held back everybody, and which have no numbers."""
    counted = {part.scenario_type for part in report.scenarios}
    return [one.scenario_type for one in report.held if one.scenario_type not in counted]


def percent(part: int, whole: int) -> str:
    """A share with its sign: "30 %"."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def span(seconds: float) -> str:
    """How long: "7 h 56 min", "12 min", "3 days", "1 s"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def moment(at: datetime, now: datetime) -> str:
    """When something is or was, in the zone of `now`: "Today 09:07", "Tue 24 Nov, 09:07"."""
    local = at.astimezone(now.tzinfo)
    names = {
        now.date() + timedelta(days=days): name for days, name in ((-1, "Yesterday"), (0, "Today"), (1, "Tomorrow"))
    }
    if name := names.get(local.date()):
        return f"{name} {local:%H:%M}"
    return f"{day(local)}{'' if local.year == now.year else f' {local.year}'}, {local:%H:%M}"


def day(at: date) -> str:
    """A day: "Tue 24 Nov"."""
    return f"{at:%a} {at.day} {at:%b}"
