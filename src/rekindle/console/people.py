"""Find a person, and one person: why they get a push, or none, and what happened to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.asked import Turns, person_named
from rekindle.app import Engine
from rekindle.console import words
from rekindle.console.pages import Pages
from rekindle.console.words_of_people import BLOCKED, CONDITIONS, UNIT_ENDINGS
from rekindle.documents import places_of_person
from rekindle.engine.conditions import describe
from rekindle.engine.show import Shown
from rekindle.errors import Forbidden, NotFound
from rekindle.fleet.next_push import NextPush
from rekindle.model import NOWHERE, Place, PlaceNames
from rekindle.ports import Condition, Explanation, PastClaim, PersonExplained

CLAIMS = 10
MAX_ID_CHARS = 255
NOBODY = NotFound(
    "nobody here has this id",
    hint="It is a user_id, or the external_id of a recipient. If your key is limited to organisations, "
    "you find their people.",
)


class PeoplePages:
    """The pages of people. A reader who is limited to organisations finds their recipients."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine
        self._turns = Turns()

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/people", self.find, methods=["GET"]),
            Route("/people/{user_id}", self.one, methods=["GET"]),
        ]

    async def find(self, request: Request) -> Response:
        """The form to find a person, or the way to the one who was asked for. An id of the team may
        have any character, so it is asked for as a parameter and not as a path."""
        actor = self._pages.reader(request)
        given = request.query_params.get("id", "").strip()
        if not given:
            return await self._pages.page(request, "people.html", given="", missing=False)
        try:
            found = await self._named(actor, given)
            if not (await self._engine.standing(found, sees=actor.organisations)).known:  # mutant: found-person
                raise NOBODY
        except NotFound:
            return await self._pages.page(request, "people.html", status=404, given=given, missing=True)
        return RedirectResponse(f"/people/{quote(str(found))}", status_code=303)

    async def one(self, request: Request) -> Response:
        """One person. Their text is shown only if it is asked for, to readers who may operate. The
        guard is asked only if it is asked for, because that evaluates everybody."""
        actor = self._pages.reader(request)
        texts = "texts" in request.query_params
        if texts and not actor.allows("operate"):  # mutant: texts-of-a-person
            raise Forbidden
        found = await self._named(actor, request.path_params["user_id"])
        person = await self._explained(actor, found, guard="guard" in request.query_params)
        if not person.standing.known:
            raise NOBODY
        names = await self._engine.place_names(places_of_person(person))
        shown: Sequence[Shown] = ()
        if texts:
            shown = await self._engine.show(found, organisations=actor.limit(()))
        view = _View(person, names, self._pages.zone(request))
        return await self._pages.page(
            request,
            "person.html",
            person=person,
            name=person.standing.name or person.standing.external_id or f"Person {str(found)[:8]}",
            places=[view.place(one) for one in person.standing.places],
            next=view.next(await self._engine.next_pushes(person)),
            scenarios=[view.scenario(one) for one in person.scenarios],
            claims=[view.claim(one) for one in person.claims],
            full=len(person.claims) == CLAIMS,
            guarded="guard" in request.query_params,
            free=any(one.fault is None and not one.blocked_by for one in person.scenarios),
            texts=texts,
            shown=[one for one in shown if one.title is not None],
            may_ask=actor.allows("operate"),
            runs=actor.unlimited,
        )

    async def _explained(self, actor: Actor, found: UUID, *, guard: bool) -> PersonExplained:
        try:
            if not guard:
                sees = actor.organisations  # mutant: own-person-page
                return await self._engine.explain(found, limit=CLAIMS, sees=sees, guard=False)
            async with self._turns.turn():
                return await self._engine.explain(found, limit=CLAIMS, sees=actor.organisations)
        except NotFound:
            raise NOBODY from None

    async def _named(self, actor: Actor, given: str) -> UUID:
        """The person with this id. Raises as `person_named`."""
        if len(given) > MAX_ID_CHARS:
            raise NOBODY
        try:
            return await person_named(self._engine, actor, given)
        except NotFound:
            raise NOBODY from None


class _View:
    """What the page of a person shows, with names and in the zone of the reader."""

    def __init__(self, person: PersonExplained, names: PlaceNames, zone: ZoneInfo) -> None:
        self._names = names
        self._zone = zone
        self._now = person.standing.at.astimezone(zone)
        self._person = person

    def place(self, place: Place) -> str:
        """The organisation and the chapter, by name if they have one."""
        parts = zip(self._names.of(place), (place.organisation_id, place.chapter_id), strict=True)
        return ", ".join(name or str(id_) for name, id_ in parts if id_ is not None)

    def next(self, found: Sequence[NextPush]) -> dict[str, Any]:
        """The first push that could come, and what it waits for."""
        if not found:
            return {"push": None, "why": self._why_none()}
        push = found[0]
        one = next(each for each in self._person.scenarios if each.scenario_type == push.scenario_type)
        return {"push": push, "waits": BLOCKED.get(_first(one), _first(one)), "facts": self._facts_of(one)}

    def _why_none(self) -> str:
        if not self._person.scenarios:
            return "No scenario is applied."
        if not self._person.standing.listed:
            return "They are not in the programme any more: the view of recipients does not have them."
        if not self._person.standing.active:
            return "They are not active in the programme."
        return "No scenario has a time from which it could: see what blocks each of them."

    def scenario(self, one: Explanation) -> dict[str, Any]:
        """One line of the table, and every condition behind it."""
        code = _first(one)
        return {
            "name": one.scenario_type,
            "one": one,
            "first": BLOCKED.get(code, code),
            "facts": self._facts_of(one),
            "code": code,
            "place": self.place(one.place) if one.place != NOWHERE else "",
            "override": None if one.override is None else self.place(one.override),
            "conditions": [
                {
                    "word": CONDITIONS.get(each.reason, each.reason),
                    "code": each.reason,
                    "blocks": each.blocks,
                    "facts": self._facts(each),
                }
                for each in one.conditions
            ],
        }

    def _facts_of(self, one: Explanation) -> str:
        """The facts of the condition that matters most."""
        code = _first(one)
        return next((self._facts(each) for each in one.conditions if each.reason == code and each.blocks), "")

    def _facts(self, condition: Condition) -> str:
        return describe(condition, self._when)

    def _when(self, at: datetime) -> str:
        """An instant within a sentence."""
        local = at.astimezone(self._zone)
        year = "" if local.year == self._now.year else f" {local.year}"
        return f"{local:%H:%M} on {words.day(local)}{year}"

    def claim(self, claim: PastClaim) -> dict[str, Any]:
        """One claim of the past, with its devices."""
        return {
            "claim": claim,
            "units": [(UNIT_ENDINGS.get(unit.ending, ("", "wait", unit.ending)), unit) for unit in claim.units],
        }


def _first(one: Explanation) -> str:
    """The reason that blocks a scenario: one that does not end with time before one that does, and
    otherwise the first, which a run would count."""
    if one.waits_for is not None:
        return one.waits_for
    return one.blocked_by[0] if one.blocked_by else ""
