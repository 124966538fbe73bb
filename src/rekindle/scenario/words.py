"""A scenario in words, for people who do not read rekindle.toml. Pure: the words are those of the
definition alone."""

from collections.abc import Iterator

from rekindle.scenario.cron import in_words
from rekindle.scenario.further import FIRST
from rekindle.scenario.kinds import AnyScenario
from rekindle.scenario.reach import WEEKDAYS
from rekindle.scenario.spoken import count, days, listed, span

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OFTEN = {86_400: "once a day", 7 * 86_400: "once a week", 3_600: "once an hour"}

Line = tuple[str, str]
"""The name of a rule, and the rule in a sentence or more."""


def lines(scenario: AnyScenario, *, timezone: str = "UTC") -> list[Line]:
    """Every rule of a scenario, by name: which people, how often, when, what opens, and which
    people get none.

    Args:
        timezone: that of the schedule if the scenario names none.
    """
    found = {
        "People": _people(scenario),
        "How often": _how_often(scenario),
        "When": _when(scenario, scenario.schedule_timezone or timezone),
        "Devices": _devices(scenario),
        "Opens": _opens(scenario),
        "Texts": _texts(scenario),
        "Held out": _held_out(scenario),
        "If unclear": _unclear(scenario),
    }
    return [(name, " ".join(said)) for name, sentences in found.items() if (said := list(sentences))]


def sentence(scenario: AnyScenario) -> str:
    """A scenario in one paragraph: which people, how often, and at which hours. Its schedule is
    left out."""
    parts = [*_people(scenario), *_how_often(scenario), *_hours(scenario)]
    return " ".join(parts)


def differences(scenario: AnyScenario, variant: AnyScenario, *, timezone: str = "UTC") -> list[Line]:
    """The rules of a variant that are not those of the scenario. A rule that it lacks is named, and
    `Words` if it has other texts."""
    usual, own = dict(lines(scenario, timezone=timezone)), dict(lines(variant, timezone=timezone))
    found = [(name, text) for name, text in own.items() if usual.get(name) != text]
    found += [(name, "Not here.") for name in usual if name not in own]
    texts = variant.templates()
    if texts != scenario.templates():
        locales = sorted({key.split(".")[1] for key in texts if key.startswith("message.")})
        found.append(("Words", f"Other texts: {', '.join(locales)}."))
    return found


def _people(one: AnyScenario) -> Iterator[str]:
    if not one.enabled:
        yield "Nobody: it is disabled."
    yield one.people()
    if one.since is not None:
        yield f"Only from {one.since} on: {one.occasion_day}."
    if one.max_age is not None:
        yield f"Not if {one.occasion_day} is more than {days(one.max_age)} ago."
    if one.until is not None:
        yield f"Nobody from {one.until} on."
    if one.digest is not None:
        yield f"One push for all that a person is due for. It names up to {one.digest.names}."


def _how_often(one: AnyScenario) -> Iterator[str]:
    yield f"At most {_OFTEN.get(one.cooldown) or f'once in {span(one.cooldown)}'}."
    if one.critical:
        yield "Frequency caps do not stop it, though it counts towards them."
    elif caps := one.frequency_caps():
        most = [f"{count(cap.most, 'push', 'pushes')} in {span(cap.seconds)}" for cap in caps]
        yield f"Over all scenarios at most {listed(most, 'and')}."


def _when(one: AnyScenario, timezone: str) -> Iterator[str]:
    if one.schedule is not None:
        yield f"{in_words(one.schedule)} in {timezone.rpartition('/')[2].replace('_', ' ')}."
    else:
        yield "When somebody starts a run: it has no schedule."
    yield from _hours(one)
    yield f"Still sent up to {span(one.relevance)} later, not after that."


def _hours(one: AnyScenario) -> Iterator[str]:
    if one.critical:
        if one.hourly_keys():
            yield "At any hour: it is critical."
        return
    if quiet := one.quiet():
        yield f"Not between {quiet[0]:%H:%M} and {quiet[1]:%H:%M} by each person's own clock."
    if window := one.send_window():
        yield f"Only from {window[0]:%H:%M} to {window[1]:%H:%M} by each person's own clock."
    if one.weekday_numbers():
        yield f"Only on {listed([_DAYS[WEEKDAYS.index(day)] for day in one.weekdays], 'and')}."


def _devices(one: AnyScenario) -> Iterator[str]:
    if one.devices.newest is not None:
        yield f"At most {count(one.devices.newest, 'device', 'devices')} of a person, the newest."
    if one.devices.max_age is not None:
        yield f"None that was registered more than {span(one.devices.max_age)} ago."


def _opens(one: AnyScenario) -> Iterator[str]:
    if one.data_only:
        yield "Your app shows it: the push is data alone."
    if one.link is not None:
        yield f"It opens {one.link}."


def _texts(one: AnyScenario) -> Iterator[str]:
    if one.text:
        rest = 10_000 - sum(text.share for text in one.text.values())
        parts = [
            f"{FIRST} for {rest / 100:g} %",
            *(f"{name} for {one.text[name].share / 100:g} %" for name in sorted(one.text)),
        ]
        yield f"Each person gets one of them by lot: text {listed(parts, 'and')} of the people."
    if one.text_trial is not None:
        yield f"They are compared until {one.text_trial.until}."


def _held_out(one: AnyScenario) -> Iterator[str]:
    if one.trial is not None:
        held = "people" if one.trial.by == "person" else "chapters"
        yield f"{one.trial.held_out} of the {held} get no push, drawn by lot, until {one.trial.until}."
    elif not one.in_trials:
        yield "Nobody."


def _unclear(one: AnyScenario) -> Iterator[str]:
    if one.uncertain == "resend":
        yield "A push that may have arrived is sent once more, so some people may see it twice."
