"""Notes what is unusual in the team's rows before anything is claimed, and how many people,
devices, dates or locales it concerns. It returns no person, token or text."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from rekindle.engine.check_hours import check_ends, check_hours
from rekindle.engine.findings import Finding
from rekindle.errors import StatementTooSlow
from rekindle.policy import STALE_SECONDS, duration
from rekindle.ports import DateCounts, DeviceCounts, IdCounts, Source
from rekindle.render import closest, language
from rekindle.scenario import Config

T = TypeVar("T")
_NAMED = 10
_NO_LOCALE = "no locale"


async def check_rows(
    config: Config, source: Source, *, needed: Collection[str], broken: Collection[str]
) -> list[Finding]:
    """Count the rows of the views that can be read. Each view is read a fixed number of times.

    Args:
        config: the scenarios, for the languages of their texts.
        source: the team's views.
        needed: the views that this configuration needs, and the optional ones that exist.
        broken: those that are missing, or cannot be read.
    """
    findings: list[Finding] = []
    readable = set(needed) - set(broken)
    if not {"recipient", "device_token", "organisation", "chapter"} & set(broken):
        findings += await _people(config, source)
    if "device_token" in readable:
        findings += await _noted("device_token", source.devices, _device_notes)
    if "activity" in readable:
        findings += await _noted("activity", source.activity_dates, _activity_notes)
    if "certification" in readable:
        findings += await _noted("certification", source.certificate_dates, _certificate_notes)
    if "recipient" in readable:
        findings += await _noted("recipients", source.ids, _id_notes)
        # In order, and no note: a team that has not translated its texts yet knows that.
        said = await _noted("locales", source.locales, lambda locales: _language_notes(config, locales))
        findings += [replace(one, note=False) for one in said]
    return findings


async def _people(config: Config, source: Source) -> list[Finding]:
    counts = await source.counts()
    found = Finding(
        "recipients",
        f"{counts.recipients:,} active recipients; {counts.without_timezone:,} without a usable time zone, "
        f"{counts.without_token:,} without a usable device token",
    )
    notes: list[str] = []
    if counts.repeated:
        notes.append(
            f"rekindle_source.recipient lists {counts.repeated:,} of them several times; each gets one push, and the "
            "most urgent occasion decides which row counts"
        )
    if counts.rows_without_person:
        notes.append(f"rekindle_source.recipient has {counts.rows_without_person:,} active rows without a user_id")
    return [
        found,
        *(Finding("recipients", message, note=True) for message in notes),
        *check_hours(config, counts.zones),
        *check_ends(config, datetime.now(UTC).date()),
    ]


async def _noted(subject: str, read: Callable[[], Awaitable[T]], notes: Callable[[T], list[str]]) -> list[Finding]:
    try:
        said = notes(await read())
    except StatementTooSlow:
        said = ["counting what is unusual took too long"]
    return [Finding(subject, message, note=True) for message in said]


def _id_notes(counts: IdCounts) -> list[str]:
    if not counts.shared_ids:
        return []
    belong = "1 external_id belongs" if counts.shared_ids == 1 else f"{counts.shared_ids:,} external_ids belong"
    return [f"{belong} to {counts.sharing_people:,} people; commands take only the user_id of these people"]


def _device_notes(counts: DeviceCounts) -> list[str]:
    notes: list[str] = []
    if tokens := counts.shared_tokens:
        belong = "1 token belongs" if tokens == 1 else f"{tokens:,} tokens belong"
        notes.append(f"{belong} to {counts.sharing_people:,} people; only the newest registration of a token counts")
    if counts.stale:
        registered = _number(counts.stale, "device was", "devices were")
        notes.append(
            f"{registered} registered more than {duration(STALE_SECONDS)} ago, when FCM lets registrations of Android "
            f'expire; leave them out with devices = {{ max_age = "{duration(STALE_SECONDS)}" }} in [policy]'
        )
    if counts.unknown_kinds:
        kinds = _counted(counts.unknown_kinds)
        notes.append(f"no push is sent to a target_kind other than token and fid; there are {kinds}")
    return notes


def _activity_notes(counts: DateCounts) -> list[str]:
    notes: list[str] = []
    if counts.ahead:
        lie = _number(counts.ahead, "activity lies", "activities lie")
        notes.append(f"{lie} ahead, which does not count until it has happened; the last day is {counts.farthest_on}")
    if counts.never:
        notes.append(f"{_number(counts.never, 'activity', 'activities')} before 1970-01-02, which counts as none")
    return notes


def _certificate_notes(counts: DateCounts) -> list[str]:
    notes: list[str] = []
    if counts.ahead:
        expire = _number(counts.ahead, "certificate expires", "certificates expire")
        notes.append(f"{expire} in more than 100 years, which is never due; the last day is {counts.farthest_on}")
    if counts.never:
        expire = _number(counts.never, "certificate expires", "certificates expire")
        notes.append(f"{expire} before 1970-01-02, which is never due")
    return notes


def _language_notes(config: Config, locales: Sequence[tuple[str | None, int]]) -> list[str]:
    """How many people read the default text because there is none in their language: one line for
    all scenarios with the same texts. People without a locale alone are not worth a line."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, scenario in config.scenario.items():
        alike.setdefault((scenario.default_locale, tuple(sorted(scenario.message))), []).append(name)
    notes: list[str] = []
    for (default, texts), names in alike.items():
        without: Counter[str] = Counter()
        for locale, people in locales:
            if closest(locale, texts) is None:
                without[_language_of(locale)] += people
        if set(without) - {_NO_LOCALE}:
            read = _number(sum(without.values()), "person reads", "people read")
            notes.append(
                f"scenario {', '.join(names)}: {read} the text for {default}, because there is none in their language: "
                f"{_counted(without)}"
            )
    return notes


def _language_of(locale: str | None) -> str:
    """The language without its region. A locale that is none may be any text, and is not shown."""
    if locale is None or not locale.strip():
        return _NO_LOCALE
    found = language(locale)
    return "not a locale" if found is None else replace(found, region="").name.replace("_", "-")


def _counted(numbers: Mapping[str, int]) -> str:
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{name} {count:,}" for name, count in ordered[:_NAMED]]
    rest = sum(count for _, count in ordered[_NAMED:])
    return ", ".join([*named, *([f"others {rest:,}"] if rest else [])])


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
