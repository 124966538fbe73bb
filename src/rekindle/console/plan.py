"""The plan: which people a run would reach now or at a later moment, and why not the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.api.plan_routes import PLAN
from rekindle.app import Engine
from rekindle.console.choices import chosen
from rekindle.console.held import Held, held_now
from rekindle.console.kept import Counted, Kept
from rekindle.console.pages import Pages
from rekindle.documents import people_of, places_of
from rekindle.engine.preview import Preview
from rekindle.errors import BadArgument, UnknownScenario
from rekindle.model import REASONS, Candidate, Names
from rekindle.ports import Filter

PAGE = 25
_REASONS_SHOWN = 3
"""How many reasons a line of the table names."""
DAYS = 8
FRESH_SECONDS = 30.0
NAMES = ("name", "full_name", "display_name", "first_name")
"""The columns of the recipient view that are the name of a person; the first that there is."""
NO_MOMENT = "is not a moment such as 2026-12-24T09:00."


@dataclass(frozen=True, slots=True)
class Person:
    """One person who is due. No token is kept, and of the variables only the name. `known_as`: the
    id of the team, if it is not the name."""

    user_id: UUID
    name: str
    known_as: str | None
    organisation: UUID | None
    where: str
    scenario: str
    occurrence: str
    more: int
    code: str
    would: str
    devices: int


@dataclass(frozen=True, slots=True)
class Line:
    """One scenario of the plan."""

    preview: Preview
    held: Sequence[Held]
    """What the guard compared, if it holds this scenario back."""
    reasons: Sequence[tuple[str, str, int]]
    days: Sequence[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A page of a plan."""

    lines: Sequence[Line]
    people: Sequence[Person]
    following: str | None
    reached: int
    held: int
    held_out: int
    """Of those that the guard holds back, the people who are held out by a trial."""
    refused: int


class PlanPages:
    """The page of the plan. A reader who is limited to organisations plans a run of them."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine
        self._plans = Kept[Planned]()
        self._plans.FRESH_SECONDS = FRESH_SECONDS
        self._plans.LONGEST_SECONDS = 10 * FRESH_SECONDS

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route("/plan", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The plan of now, or of the moment that is asked for. Everybody is evaluated, so a page
        waits a second for it and then says that it is being counted."""
        actor = self._pages.reader(request)
        asked = request.query_params
        zone = self._pages.zone(request)
        at = _moment(asked.get("at", ""), zone)
        enabled = {
            one.applied.scenario_type: one.applied.scenario.enabled_somewhere for one in await self._engine.scenarios()
        }
        names = [name for name, on in enabled.items() if on]
        scenario = asked.get("scenario") or None
        if scenario is not None and scenario not in enabled:
            raise UnknownScenario(f"no scenario in force is called {scenario}", hint="Open Plan.")
        organisation = await chosen(self._engine, request, actor)
        mistakes = {"organisation": organisation.mistake} if organisation.mistake else {}
        if asked.get("at") and at is None:
            mistakes["at"] = f"{asked['at'][:40]} {NO_MOMENT}"
        if scenario is not None and not enabled[scenario]:
            mistakes["scenario"] = f"{scenario} is not enabled, so a run would reach nobody by it."
        found: Counted[Planned] | None = None
        if names and not mistakes:
            try:
                found = await self._plan(request, organisation.filter, scenario, at)
            except BadArgument as fault:
                mistakes["at"] = f"{fault.message[:1].upper()}{fault.message[1:]}."
        kept = {key: asked[key] for key in ("at", "scenario", "organisation") if asked.get(key)}
        claimed = asked.get("show") != "refused"
        others = {key: asked[key] for key in ("at", "scenario", "show") if asked.get(key)}
        return await self._pages.page(
            request,
            "plan.html",
            status=422 if mistakes else 200,
            mistakes=mistakes,
            at="" if at is None else f"{at.astimezone(zone):%Y-%m-%dT%H:%M}",
            moment=at,
            names=names,
            scenario=scenario,
            organisation=organisation,
            counted=found,
            plan=None if found is None else found.answer,
            claimed=claimed,
            links={
                "again": _path(asked),
                "claimed": _path(kept),
                "refused": _path({**kept, "show": "refused"}),
                "of": _path({**others, "organisation": ""}),
                "next": found
                and found.answer.following
                and _path({**kept, **({} if claimed else {"show": "refused"}), "cursor": found.answer.following}),
            },
            paged="cursor" in asked,
            may_compare=actor.allows("operate"),
        )

    async def _plan(
        self, request: Request, seen: Filter, scenario: str | None, at: datetime | None
    ) -> Counted[Planned] | None:
        asked = request.query_params
        claimed = asked.get("show") != "refused"
        rows = replace(seen, after=PLAN.read(asked.get("cursor") or None), limit=PAGE + 1)

        async def count() -> Planned:
            page = await self._engine.plan_page(
                rows, scenarios=[] if scenario is None else [scenario], at=at, claimed=claimed
            )
            shown, following = PLAN.page(page.people, PAGE, lambda one: (one.scenario_type, one.user_id))
            names = await self._engine.names(places_of(shown), people_of(shown))
            lines = [_line(one, page.days.get(one.scenario_type, {})) for one in page.previews]
            held = {one.scenario_type for one in page.previews if one.held is not None}
            return Planned(
                lines,
                [_person(one, names, held=one.scenario_type in held) for one in shown],
                following,
                sum(one.would_claim - one.held_out for one in page.previews if one.held is None),
                sum(one.would_claim for one in page.previews if one.held is not None),
                sum(one.held_out for one in page.previews if one.held is not None),
                sum(one.due - one.would_claim for one in page.previews),
            )

        key = (seen.sees, seen.organisation_id, scenario, at, claimed, rows.after)  # mutant: plan-for-others
        return await self._plans.get(key, count)


def _path(query: Mapping[str, str]) -> str:
    return f"/plan?{urlencode(query)}" if query else "/plan"


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """The moment that a reader typed, in their zone unless it says another."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def _line(one: Preview, days: Mapping[date, int]) -> Line:
    reasons = sorted(one.refusals.items(), key=lambda item: (-item[1], item[0]))
    shown = [(REASONS.get(code, code), code, count) for code, count in reasons[:_REASONS_SHOWN]]
    most = sorted(days.items(), key=lambda item: (-item[1], item[0]))[:DAYS]
    return Line(one, held_now(() if one.held is None else [one.held]), shown, most if one.held is not None else ())


def _person(one: Candidate, names: Names, *, held: bool) -> Person:
    organisation = one.organisation_id
    place = "" if organisation is None else names.organisations.get(organisation) or str(organisation)
    would = "Held back by the guard" if held else "Would be claimed"
    if one.refusal is not None:
        would = REASONS.get(one.refusal, one.refusal)
        would = f"{would[:1].upper()}{would[1:]}"
    elif one.held_out_of is not None:
        would = "Held out by a trial: no push"
    known_as = names.people.get(one.user_id)
    given = next((value for key in NAMES if isinstance(value := one.variables.get(key), str) and value.strip()), None)
    return Person(
        one.user_id,
        given or known_as or str(one.user_id)[:8],
        known_as if given else None,
        organisation,
        place,
        one.scenario_type,
        one.occurrence,
        len(one.other_occurrences),
        one.refusal or "",
        would,
        len(one.devices),
    )
