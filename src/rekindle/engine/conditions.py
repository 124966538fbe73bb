"""Describes each condition of an explanation in one line of text, for a terminal or a page."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rekindle.ports import Condition
from rekindle.scenario import KINDS

Facts = Mapping[str, Any]
When = Callable[[datetime], str]


def moment(at: datetime) -> str:
    """The text of an instant in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def describe(condition: Condition, when: When = moment) -> str:
    """Describe the facts of a condition, whether it blocks or not. Empty if it has no facts.
    `when` writes an instant."""
    if not condition.facts:
        return ""
    if (describe_times := _WITH_TIMES.get(condition.reason)) is not None:
        return describe_times(condition.facts, when)
    describe_facts = _DESCRIPTIONS.get(condition.reason)
    return describe_facts(condition.facts) if describe_facts else ""


def _not_due(facts: Facts) -> str:
    others = f" and {len(facts['other_occurrences'])} more" if "other_occurrences" in facts else ""
    because = "" if facts["occurrence"] is None else f"due for {facts['occurrence']}{others}: "
    if not facts["evaluated"]:
        because = "only active recipients are evaluated; "
    return because + KINDS[facts["kind"]].explained(facts) + _left_out(facts.get("left_out"))


def _left_out(facts: Facts | None) -> str:
    if facts is None:
        return ""
    if facts["key"] == "until":
        return f"; the scenario has ended (until = {facts['limit']})"
    if facts["key"] == "since":
        return f"; this is of {facts['began_on']}, before since = {facts['limit']}"
    return f"; this is of {facts['began_on']}, longer ago than max_age = {facts['limit']}d"


def _opted_out(facts: Facts) -> str:
    return f"opted out from {', '.join(facts['of'])}" if facts["of"] else ""


def _already_notified(facts: Facts, when: When) -> str:
    if facts["at"] is None:
        return ""
    if facts["as"] == "sent":
        return f"this occurrence was sent at {when(facts['at'])}; its record was pruned"
    how = "recorded" if facts["as"] == "recorded" else "sent with an unknown outcome"
    return f"this occurrence was {how} at {when(facts['at'])}, claim {facts['claim_id']}"


def _in_flight(facts: Facts, when: When) -> str:
    if facts["claim_id"] is None:
        return ""
    states = [
        one["state"] + (f" ({one['reason']})" if one["reason"] else "")
        + (f" until {when(one['next_try_at'])}" if one["state"] == "retry" else "")
        for one in facts["units"]
    ]  # fmt: skip
    return f"claim {facts['claim_id']}: {', '.join(states) or 'ended; the next run frees the gate'}"


def _cooldown(facts: Facts, when: When) -> str:
    return "never claimed" if facts["next_at"] is None else f"the cooldown ends at {when(facts['next_at'])}"


def _back_off(facts: Facts, when: When) -> str:
    if facts["until"] is None:
        return ""
    return f"backed off until {when(facts['until'])} (no activity since the last two pushes)"


def _already_today(facts: Facts, when: When) -> str:
    return "" if facts["at"] is None else f"recorded at {when(facts['at'])}; until {when(facts['until'])}"


def _no_timezone(facts: Facts) -> str:
    tried = ", ".join(
        f"{one['of']} {one['timezone'] or 'none'}" + (" (not valid)" if one["timezone"] and not one["usable"] else "")
        for one in facts["tried"]
    )
    return f"time zone {facts['timezone'] or 'none'}; tried in this order: {tried}"


def _wall(facts: Facts) -> str:
    if facts["local_time"] is None:
        return "the local time is not known"
    return f"it is {facts['local_time']:%a %Y-%m-%d %H:%M} in {facts['timezone']}"


def _weekday(facts: Facts) -> str:
    return f"{_wall(facts)}; allowed: {', '.join(facts['weekdays'])}"


def _quiet_hours(facts: Facts) -> str:
    hours = "no quiet hours" if facts["from"] is None else f"quiet from {facts['from']} until {facts['until']}"
    return f"{_wall(facts)}; {hours}"


def _send_hour(facts: Facts) -> str:
    hours = "at any hour" if facts["from"] is None else f"pushes go out from {facts['from']} until {facts['until']}"
    return f"{_wall(facts)}; {hours}"


def _frequency_cap(facts: Facts, when: When) -> str:
    rules = [_rule(one, when) for one in facts["rules"]]
    if facts["outranking"]:
        rules.append(f"higher-priority scenarios that take the place: {', '.join(facts['outranking'])}")
    return "; ".join(rules) or "no cap"


def _rule(rule: Facts, when: When) -> str:
    hours = rule["window_seconds"] / 3600
    window = f"{hours / 24:g} days" if hours > 24 else f"{hours:g} hours"
    free = "at a time that is not known" if rule["free_at"] is None else f"from {when(rule['free_at'])}"
    if rule["sent"] + rule["alive"] < rule["most"]:
        free = "now"
    alive = f", {rule['alive']} under way" if rule["alive"] else ""
    return f"at most {rule['most']} in {window}: {rule['sent']} sent{alive}, room {free}"


def _bytes(facts: Facts) -> str:
    return "" if facts["bytes"] is None else f"{facts['bytes']:,} bytes"


def _variables(facts: Facts) -> str:
    return ", ".join(facts["variables"])


def _no_token(facts: Facts, when: When) -> str:
    if not facts["devices"]:
        return "the person has no device"
    return "; ".join(f"{one['device_id']} {_device(one, when)}" for one in facts["devices"])


def _device(one: Facts, when: When) -> str:
    if one["usable"]:
        return "is usable"
    if one["disabled_because"] is not None:
        return f"disabled at {when(one['disabled_at'])} ({one['disabled_because']})"
    if one["passed_on"] and not one["empty"]:
        return "was registered later by another person"
    if one["stale"]:
        return "was registered too long ago (devices.max_age)"
    if one["kind"] and not one["empty"]:
        return "is not among the newest (devices.newest)"
    return "has an empty token" if one["empty"] else "has an unknown kind"


def _held_by_guard(facts: Facts) -> str:
    return (
        f"the guard would hold back this claim of {facts['people']:,} people; "
        f"to allow it in a run, use `rekindle run --confirm {facts['confirm']}`"
    )


_DESCRIPTIONS: Mapping[str, Callable[[Facts], str]] = {
    "not_due": _not_due,
    "opted_out": _opted_out,
    "no_timezone": _no_timezone,
    "weekday": _weekday,
    "quiet_hours": _quiet_hours,
    "send_hour": _send_hour,
    "wrong_occurrence": _bytes,
    "missing_variable": _variables,
    "wrong_value": _variables,
    "variables_too_large": _bytes,
    "held_by_guard": _held_by_guard,
}

_WITH_TIMES: Mapping[str, Callable[[Facts, When], str]] = {
    "already_notified": _already_notified,
    "in_flight": _in_flight,
    "cooldown": _cooldown,
    "back_off": _back_off,
    "already_today": _already_today,
    "frequency_cap": _frequency_cap,
    "no_token": _no_token,
}
