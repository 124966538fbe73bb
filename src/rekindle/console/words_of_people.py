"""The words of the page of a person: the conditions, and what became of each device."""

from collections.abc import Mapping

from rekindle.model import REASONS

CONDITIONS: Mapping[str, str] = {
    "not_enabled": "The scenario is enabled where they are",
    "not_a_recipient": "In the programme",
    "not_active": "Active in the programme",
    "not_due": "Due",
    "switched_off": "Nobody has switched it off",
    "opted_out": "Not opted out",
    "already_notified": "This occasion was not used yet",
    "absence_limit": "This absence has room for another push",
    "in_flight": "No other push of it is under way",
    "cooldown": "The cooldown is over",
    "back_off": "Not backed off",
    "already_today": "No record of today yet",
    "no_timezone": "Their time zone is known",
    "weekday": "An allowed day",
    "quiet_hours": "Not in the quiet hours where they are",
    "send_hour": "The hour to send where they are",
    "frequency_cap": "Room under the frequency caps",
    "no_token": "There is a device to send to",
    "wrong_occurrence": "The occasion has a usable name",
    "missing_variable": "The text has every value that it needs",
    "wrong_value": "Each value fits the text",
    "variables_too_large": "The values are not too large",
    "held_by_guard": "The guard lets it pass",
}
"""What each condition of a person asks; it passes if this is so."""

UNIT_ENDINGS: Mapping[str, tuple[str, str, str]] = {
    "recorded": ("t-ok", "ok", "accepted by the provider"),
    "claimed": ("", "wait", "claimed, not sent yet"),
    "dispatching": ("t-live", "wait", "being sent"),
    "retry": ("t-warn", "wait", "will be tried again"),
    "unknown": ("t-warn", "unknown", "may have arrived, not repeated"),
    "held_out": ("", "off", "held out by a trial, not sent"),
    "skipped": ("", "skip", "not sent, and need not be"),
    "dead": ("t-stop", "stop", "cannot be sent"),
}
"""What became of one device of a claim: its colour, its icon and its words."""

BLOCKED: Mapping[str, str] = {code: text[:1].upper() + text[1:] for code, text in REASONS.items()}
"""What it means that a condition blocks, as the beginning of a sentence."""
