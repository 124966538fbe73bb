"""Results as documents of plain names and values, for programs. The command line's `--json` and the
HTTP API return the same ones.

No document has a device token, a text of a push, or a variable of a person.
"""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from rekindle.engine.backtest import Backtest, ScenarioPast
from rekindle.engine.preview import Preview
from rekindle.fleet.status import ScheduleStatus
from rekindle.model import (
    NOWHERE,
    Candidate,
    DisabledToken,
    Names,
    Numbers,
    Place,
    PlaceNames,
    Report,
    SentAsTest,
    Switch,
    UnknownSend,
)
from rekindle.ports import (
    Audited,
    Delivery,
    Explanation,
    Notification,
    NotificationShown,
    PersonExplained,
    SavedBacktest,
    ScenarioStatus,
    ScenarioVersion,
    Summary,
)

Document = dict[str, Any]

_TEXTS = ("message", "data", "link")


def plain(value: Any) -> Any:
    """The text of a value that JSON has no type for."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def organisation_document(organisation_id: UUID | None, names: PlaceNames) -> Document:
    """The id and the name of an organisation. Either may be null."""
    name, _ = names.of(Place(organisation_id))
    return {"organisation_id": organisation_id, "organisation_name": name}


def organisations_document(organisation_ids: Sequence[UUID], names: PlaceNames) -> Document:
    """The ids and, in their order, the names of several organisations. Each name may be null."""
    return {
        "organisations": list(organisation_ids),
        "organisation_names": [names.organisations.get(one) for one in organisation_ids],
    }


def person_document(user_id: UUID, names: Names) -> Document:
    """The id of a person, and the id that the team knows, which may be null."""
    return {"user_id": user_id, "external_id": names.people.get(user_id)}


def place_document(place: Place, names: PlaceNames) -> Document:
    """The ids and the names of an organisation and a chapter. Each may be null."""
    _, name = names.of(place)
    return {
        **organisation_document(place.organisation_id, names),
        "chapter_id": place.chapter_id,
        "chapter_name": name,
    }


def numbers_document(numbers: Numbers) -> Document:
    """The numbers of a scenario, with their sums."""
    return {**dataclasses.asdict(numbers), "due": numbers.due, "refused": numbers.refused}


def summary_document(summary: Summary, names: PlaceNames) -> Document:
    """What became of the pushes of some time."""
    return {
        "since": summary.since,
        "at": summary.at,
        "scenarios": [
            {**dataclasses.asdict(one), **organisation_document(one.organisation_id, names)} for one in summary.places
        ],
        "refusals": {name: dict(reasons) for name, reasons in summary.refusals.items()},
    }


def backtest_document(one: Backtest) -> Document:
    """What the scenarios of one configuration would have done in the past."""
    return {
        "since": one.since,
        "until": one.until,
        "timezone": one.timezone,
        "ticks": one.ticks,
        "thinned": one.thinned,
        "scenarios": [_past_document(past) for past in one.scenarios],
        "pushes_per_person": {str(pushes): people for pushes, people in sorted(one.per_person.items())},
        "most_in_7_days": one.most_in_7,
        "most_in_30_days": one.most_in_30,
    }


def saved_backtest_document(one: SavedBacktest) -> Document:
    """A saved backtest; of a list, without its numbers."""
    return {name: value for name, value in _fields(one).items() if name != "result" or value is not None}


def _past_document(past: ScenarioPast) -> Document:
    replayed = past.fault is None
    backlog, rate = past.backlog, past.base_rate
    return {
        "scenario_type": past.scenario_type,
        "fingerprint": past.fingerprint,
        "label": past.fidelity.label,
        "reasons": list(past.fidelity.reasons),
        "fault": None if past.fault is None else str(past.fault),
        "backlog": backlog and {"at": backlog.at, "due": backlog.due, "nudged": backlog.claimed},
        "per_day": {of: dataclasses.asdict(past.spread(of)) for of in ("due", "nudged", "pushes")}
        if replayed
        else None,
        "days": [{"on": on, **dataclasses.asdict(day)} for on, day in sorted(past.days.items())] if replayed else [],
        "refusals": dict(past.refusals),
        "collisions": dict(past.collisions),
        "hours": {str(hour): people for hour, people in sorted(past.hours.items())},
        "guard_days": past.held_days,
        "came_back_anyway": rate and dataclasses.asdict(rate),
        "own_check": past.real and {"runs": past.real[0], "replay": past.real[1]},
    }


def report_document(report: Report) -> Document:
    """A run and its scenarios."""
    return {
        **_fields(report),
        "scenarios": [numbers_document(one) for one in report.scenarios],
        "held": [dataclasses.asdict(one) for one in report.held],
        "exit_code": report.exit_code,
    }


def preview_document(preview: Preview) -> Document:
    """The numbers of a preview, with their sums."""
    return {
        **_fields(preview),
        "held": preview.held and str(preview.held),
        "fault": preview.fault and str(preview.fault),
        "due": preview.due,
        "not_due": preview.not_due,
    }


def candidate_document(candidate: Candidate, names: Names) -> Document:
    """One person of a plan, with the number of devices and without their tokens."""
    return {
        **person_document(candidate.user_id, names),
        **organisation_document(candidate.organisation_id, names),
        "scenario_type": candidate.scenario_type,
        "occurrence": candidate.occurrence,
        "other_occurrences": list(candidate.other_occurrences),
        "verdict": candidate.verdict,
        "text": candidate.text_name,
        "devices": len(candidate.devices),
    }


def places_of_scenario(status: ScenarioStatus, sees: Collection[UUID] | None = None) -> list[Place]:
    """The places whose overrides the document of a scenario shows."""
    places = [one.place for one in status.applied.scenario.overrides]
    return [place for place in places if sees is None or place.organisation_id in sees]


def scenario_document(status: ScenarioStatus, names: PlaceNames, *, sees: Collection[UUID] | None = None) -> Document:
    """An applied scenario with the numbers of its last run. Texts are never shown, here as
    elsewhere.

    A reader that is limited to some organisations gets their overrides alone, and no numbers, which
    count everybody.
    """
    scenario = status.applied.scenario
    shown = set(places_of_scenario(status, sees))
    latest = status.latest if sees is None else None
    return {
        "scenario_type": status.applied.scenario_type,
        "version": status.applied.version,
        "fingerprint": status.applied.fingerprint,
        "definition": scenario.model_dump(mode="json", exclude_none=True, exclude={*_TEXTS, "overrides"}),
        "overrides": [
            {
                **place_document(one.place, names),
                "changes": {key: value for key, value in one.changes.items() if key not in _TEXTS},
                "texts": sorted(key for key in one.changes if key in _TEXTS),
            }
            for one in scenario.overrides
            if one.place in shown  # mutant: own-overrides
        ],
        "locales": sorted(scenario.message),
        "applied_at": status.applied_at,
        "applied_by": status.applied_by,
        "last_run_at": status.last_run_at if sees is None else None,
        "latest": numbers_document(latest) if latest else None,
    }


def version_document(version: ScenarioVersion, *, sees: Collection[UUID] | None = None) -> Document:
    """One version of a scenario. A reader that is limited to some organisations gets the keys that
    are the same for everybody, and those of these organisations."""

    def own(key: str) -> bool:
        organisation, _, rest = key.partition(".")
        return organisation != "organisation" or sees is None or rest.partition(".")[0] in {str(one) for one in sees}

    keys = [key for key in version.keys if own(key)]  # mutant: own-keys
    return {name: value for name, value in _fields(version).items() if name != "values"} | {"keys": keys}


def explained_document(person: PersonExplained, names: PlaceNames) -> Document:
    """The explanation of one person: conditions in their order, claims newest first."""
    return {
        "user_id": person.user_id,
        "external_id": person.standing.external_id,
        "at": person.standing.at,
        "known": person.standing.known,
        "recipient": person.standing.listed,
        "active": person.standing.active,
        **place_document(next(iter(person.standing.places), NOWHERE), names),
        "memberships": [place_document(place, names) for place in person.standing.places[1:]],
        "scenarios": [_explanation_document(scenario, names) for scenario in person.scenarios],
        "run": None if person.run is None else report_document(person.run),
        "claims": [dataclasses.asdict(claim) for claim in person.claims],
    }


def places_of_person(person: PersonExplained) -> list[Place]:
    """The places that the document of a person names."""
    judged = [place for one in person.scenarios for place in (one.place, one.override) if place is not None]
    return [*person.standing.places, *judged]


def notification_document(one: Notification, names: Names) -> Document:
    """One record."""
    return _of_person(one, names)


def notification_shown_document(one: NotificationShown, names: Names) -> Document:
    """One record, with the devices of its claim."""
    return {**_of_person(one.notification, names), "units": [dataclasses.asdict(unit) for unit in one.units]}


def delivery_document(one: Delivery, names: Names) -> Document:
    """One device that accepted."""
    return _of_person(one, names)


def test_document(sent: SentAsTest, names: Names) -> Document:
    """A test push."""
    return {name: value for name, value in _of_person(sent, names).items() if name != "replayed"}


def unknown_document(one: UnknownSend, names: Names) -> Document:
    """One send whose outcome is unknown."""
    return _of_person(one, names)


def disabled_document(one: DisabledToken, names: Names) -> Document:
    """One device token that the provider has proven dead."""
    return {**_fields(one), **person_document(one.user_id, names)}


def switch_document(one: Switch, names: PlaceNames) -> Document:
    """One switch in its last state."""
    return _placed(one, names)


def audited_document(one: Audited, names: PlaceNames) -> Document:
    """One change."""
    return _placed(one, names)


def schedule_document(one: ScheduleStatus, *, sees: Collection[UUID] | None = None) -> Document:
    """One schedule. Its last run is a run of everybody, so a reader that is limited to some
    organisations does not see it."""
    last = one.last if sees is None else None
    return {
        "scenario_type": one.schedule.scenario_type,
        "schedule": one.schedule.cron,
        "timezone": one.schedule.timezone,
        "state": one.state,
        "last_at": one.last_at,
        "last_run": None if last is None else dataclasses.asdict(last),
        "next_at": one.next_at,
        "skipped": one.schedule.skipped,
    }


def places_of(rows: Sequence[Any]) -> list[Place]:
    """The organisations that the documents of these rows name."""
    return [Place(row.organisation_id) for row in rows]


def people_of(rows: Sequence[Any]) -> list[UUID]:
    """The people that the documents of these rows name."""
    return [row.user_id for row in rows]


def _explanation_document(scenario: Explanation, names: PlaceNames) -> Document:
    return {
        "scenario_type": scenario.scenario_type,
        "version": scenario.version,
        "kind": scenario.kind,
        "occurrence": scenario.occurrence,
        "place": place_document(scenario.place, names),
        "override": None if scenario.override is None else place_document(scenario.override, names),
        "blocked_by": list(scenario.blocked_by),
        "next_at": scenario.next_at,
        "waits_for": scenario.waits_for,
        "held_out_of": scenario.held_out_of,
        "text": scenario.text_name,
        "fault": scenario.fault,
        "conditions": [dataclasses.asdict(condition) for condition in scenario.conditions],
    }


def _placed(row: Any, names: PlaceNames) -> Document:
    return {**_fields(row), **organisation_document(row.organisation_id, names)}


def _of_person(row: Any, names: Names) -> Document:
    return {**_placed(row, names), **person_document(row.user_id, names)}


def _fields(row: Any) -> Document:
    # Not asdict: it makes a new Counter from pairs, which would count the pairs.
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
