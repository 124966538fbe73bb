"""Why a person is refused, in words: the one wording for the command line, the API and the
console."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "not_enabled": "not enabled where they are",
    "not_a_recipient": "not in the view of recipients",
    "not_active": "not active",
    "not_due": "not due",
    "switched_off": "switched off",
    "opted_out": "opted out",
    "already_notified": "already notified of this occurrence",
    "absence_limit": "had as many pushes as one absence allows",
    "in_flight": "another push of the scenario is under way",
    "cooldown": "the cooldown is not over",
    "back_off": "did not come back after the last pushes",
    "already_today": "had a push of the scenario on this UTC day",
    "no_timezone": "the time zone is not known",
    "weekday": "not an allowed day",
    "quiet_hours": "within the quiet hours",
    "send_hour": "not the hour to send",
    "frequency_cap": "no room under a frequency cap",
    "no_token": "no device that a push can be sent to",
    "wrong_occurrence": "the occurrence is empty or too long",
    "missing_variable": "a value that the text needs is missing",
    "wrong_value": "a value does not fit the text",
    "variables_too_large": "the values are too large",
    "claimed_elsewhere": "another run claimed the person at the same moment",
    "held_by_guard": "held back by the guard",
}
"""What it means that a condition refuses people. Each line fits one person and a count of people,
and its code is shown beside it."""
