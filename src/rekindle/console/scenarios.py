"""Scenarios, and one scenario: what is sent by itself, to which people, what they read, and how it
goes."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.asked import person_named
from rekindle.app import Engine
from rekindle.console.funnel import came_back, funnel, refused
from rekindle.console.helps import HelpsPages
from rekindle.console.kept import Kept
from rekindle.console.pages import Pages
from rekindle.console.states import standing
from rekindle.console.versions import versions_shown
from rekindle.documents import places_of_scenario
from rekindle.engine.made_up import made_up
from rekindle.engine.show import Shown
from rekindle.errors import Forbidden, NotFound
from rekindle.fleet.status import ScheduleStatus
from rekindle.model import Place, PlaceNames
from rekindle.ports import ScenarioStatus, Summary
from rekindle.render import known
from rekindle.scenario.words import differences, lines, sentence

DAYS = 30
WAIT_SECONDS = 0.1
"""How long a page waits for the report if it was not counted yet."""
MAX_ID_CHARS = 255
PLACES = 50
"""How many overrides a page shows."""
NOT_DUE = "This person is not due under this scenario now, so there are no values for a text. This is a made-up person."
NO_SCENARIO = NotFound("no scenario of that name is in force", hint="Open Scenarios.")


class ScenarioPages:
    """The pages of scenarios. A reader who is limited to organisations sees what applies to them,
    and no number that counts everybody."""

    def __init__(self, pages: Pages, engine: Engine, helps: HelpsPages) -> None:
        self._pages = pages
        self._engine = engine
        self._helps = helps
        self._reports = Kept[Summary]()
        self._reports.WAIT_SECONDS = WAIT_SECONDS
        self._timezone = engine.config.run.timezone or "UTC"

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/scenarios", self.listed, methods=["GET"]),
            Route("/scenarios/{name}", self.one, methods=["GET"]),
        ]

    async def listed(self, request: Request) -> Response:
        """Every scenario in force, in words."""
        actor = self._pages.reader(request)
        statuses = await self._engine.scenarios()
        schedules = await self._schedules()
        switches = await self._engine.switches()
        report = await self._report(actor.organisations)  # mutant: own-scenario-report
        said = self._helps.said(actor.organisations)
        return await self._pages.page(
            request,
            "scenarios.html",
            days=DAYS,
            report=report,
            latest=max(statuses, key=lambda one: one.applied_at, default=None),
            scenarios=[
                {
                    "name": one.applied.scenario_type,
                    "words": sentence(one.applied.scenario),
                    "state": standing(one, switches, sees=actor.organisations),
                    "next": schedules.get(one.applied.scenario_type),
                    "sent": _sent(report, one.applied.scenario_type),
                    "back": came_back(report, one.applied.scenario_type),
                    "trial": one.applied.scenario.trial,
                    "said": said.get(one.applied.scenario_type),
                }
                for one in statuses
            ],
        )

    async def one(self, request: Request) -> Response:
        """One scenario."""
        actor = self._pages.reader(request)
        status = await self._status(request.path_params["name"])
        applied, name = status.applied, status.applied.scenario_type
        zone = self._pages.zone(request)
        now = datetime.now(zone)
        report = await self._report(actor.organisations)
        days = _days(now)
        past = await self._engine.scenario_days(name, days) if actor.unlimited else []
        found = await self._engine.versions(scenarios=[name])
        switches = await self._engine.switches()
        places = places_of_scenario(status, actor.organisations)  # mutant: own-places
        state = standing(status, switches, sees=actor.organisations)
        off = [Place(switch.organisation_id) for switch in state.off_in]
        names = await self._engine.place_names([*places, *off])
        locale = request.query_params.get("locale", "")
        if locale not in applied.scenario.message:
            locale = applied.scenario.default_locale
        person = request.query_params.get("person", "").strip()
        texts, missing = await self._texts(actor, person, status, locale, now)
        return await self._pages.page(
            request,
            "scenario.html",
            name=name,
            one=status,
            trial=applied.scenario.trial,
            said=self._helps.said(actor.organisations).get(name),
            rules=lines(applied.scenario, timezone=self._timezone),
            state=state,
            off_names={one.organisation_id: names.of(one)[0] or str(one.organisation_id) for one in off},
            next=(await self._schedules()).get(name),
            locales=[(code, _language(code)) for code in sorted(applied.scenario.message)],
            locale=locale,
            person=person,
            texts=texts,
            missing=missing,
            may_operate=actor.allows("operate"),
            days=DAYS,
            report=report,
            funnel=funnel(name, status.latest, past, report) if actor.unlimited else [],
            sent=_sent(report, name),
            back=came_back(report, name),
            refused=refused(past, days),
            places=_places(status, places[:PLACES], names, self._timezone),
            more_places=max(0, len(places) - PLACES),
            versions=versions_shown(found, sees=actor.organisations),
        )

    async def _report(self, sees: frozenset[UUID] | None) -> Summary | None:
        """The report of the last days; None: it is being counted."""

        async def count() -> Summary:
            return await self._engine.report(within_seconds=DAYS * 86_400, sees=sees)

        found = await self._reports.get(sees, count)
        return None if found is None else found.answer

    async def _status(self, name: str) -> ScenarioStatus:
        for one in await self._engine.scenarios():
            if one.applied.scenario_type == name:
                return one
        raise NO_SCENARIO

    async def _schedules(self) -> dict[str, ScheduleStatus]:
        return {one.schedule.scenario_type: one for one in await self._engine.schedules()}

    async def _texts(
        self, actor: Actor, person: str, status: ScenarioStatus, locale: str, now: datetime
    ) -> tuple[list[Shown], str]:
        """What a real person would read if one is named, and otherwise a made-up one; and why there
        is none of the person."""
        sample = made_up(status.applied, locale=locale, at=now)
        if not person:
            return sample, ""
        if not actor.allows("operate"):  # mutant: texts-of-somebody
            raise Forbidden
        try:
            found = await self._known(actor, person)
        except NotFound:
            return sample, "Nobody here has this id. This is a made-up person."
        shown = await self._engine.show(found, scenarios=[status.applied.scenario_type], organisations=actor.limit(()))
        real = [one for one in shown if one.title is not None]
        if real:
            return real, ""
        return sample, NOT_DUE

    async def _known(self, actor: Actor, person: str) -> UUID:
        if len(person) > MAX_ID_CHARS:
            raise NotFound
        found = await person_named(self._engine, actor, person)
        if not (await self._engine.standing(found, sees=actor.organisations)).known:
            raise NotFound
        return found


def _days(now: datetime) -> list[datetime]:
    """The beginnings of the last days where the reader is, and the end of today."""
    return [
        datetime.combine(now.date() + timedelta(days=number), time.min, tzinfo=now.tzinfo)
        for number in range(1 - DAYS, 2)
    ]


def _language(code: str) -> str:
    found = known(code)
    return code if found is None else f"{found.english_name} ({code})"


def _sent(report: Summary | None, name: str) -> tuple[int, int] | None:
    """People whose push was accepted, and their devices; None: it is being counted."""
    if report is None:
        return None
    places = [one for one in report.places if one.scenario_type == name]
    return sum(one.reached for one in places), sum(one.pushes for one in places)


def _places(status: ScenarioStatus, places: Sequence[Place], names: PlaceNames, timezone: str) -> list[dict[str, Any]]:
    """The places with an override, by name, and what differs there."""
    scenario = status.applied.scenario
    usual, *variants = scenario.variants()
    found: list[dict[str, Any]] = []
    for override, variant in zip(scenario.overrides, variants, strict=True):
        if override.place in places:
            organisation, chapter = names.of(override.place)
            named = [organisation or str(override.place.organisation_id)]
            if override.place.chapter_id is not None:
                named.append(chapter or str(override.place.chapter_id))
            found.append(
                {
                    "name": ", ".join(named),
                    "on": variant.enabled,
                    "rules": differences(usual, variant, timezone=timezone),
                }
            )
    return found
