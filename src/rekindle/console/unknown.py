"""Unknown sends: which there are, and what an operator finds out about one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.asked import person_named
from rekindle.api.list_routes import UNKNOWN
from rekindle.app import Engine
from rekindle.console.choices import chosen, names_of_scenarios
from rekindle.console.forms import Forms
from rekindle.console.pages import Pages
from rekindle.documents import people_of, places_of
from rekindle.errors import BadArgument, NotFound, SettledOtherwise
from rekindle.model import Names, Place, UnknownSend
from rekindle.ports import Filter
from rekindle.scenario.kinds import SCENARIO_TYPE

PAGE = 25
MAX_NAME = 500
Outcome = Literal["arrived", "not_sent"]
_READ, _OPERATE = require("read"), require("operate")


class UnknownPages:
    """The pages of unknown sends. A claim is settled as by the API: once, and for good."""

    def __init__(self, pages: Pages, forms: Forms, engine: Engine) -> None:
        self._pages = pages
        self._forms = forms
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/unknown", self.listed, methods=["GET"]),
            Route("/unknown/{claim_id}", self.one, methods=["GET"]),
            Route("/unknown/{claim_id}/settle", self.ask, methods=["GET"]),
            Route("/unknown/{claim_id}/settle", self.settle, methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:
        """Unknown sends, newest first."""
        actor = await _READ(request)
        place = await chosen(self._engine, request, actor)  # mutant: own-unknown-page
        asked = {name: request.query_params.get(name, "").strip() for name in ("scenario", "organisation", "person")}
        cursor = request.query_params.get("cursor") or None
        scenario, user_id = asked["scenario"], None
        known = not place.mistake and (not scenario or SCENARIO_TYPE.fullmatch(scenario) is not None)
        if asked["person"]:
            try:
                user_id = await person_named(self._engine, actor, asked["person"])
            except NotFound:
                known = False
        rows: Sequence[UnknownSend] = ()
        if known:
            found = replace(
                place.filter,
                scenario_type=scenario or None,
                user_id=user_id,
                after=UNKNOWN.read(cursor),
                limit=PAGE + 1,
            )
            rows = await self._engine.unknown_page(found)
        shown, older = UNKNOWN.page(rows, PAGE, lambda one: (one.armed_at, one.claim_id, one.device_id))
        query = {name: value for name, value in asked.items() if value}
        others = {name: value for name, value in query.items() if name != "organisation"}
        return await self._pages.page(
            request,
            "unknown.html",
            status=422 if place.mistake else 200,
            sends=shown,
            names=await self._engine.shown_names(places_of(shown), people_of(shown), sees=actor.organisations),
            older=older,
            cursor=cursor,
            asked=asked,
            chosen=place,
            query=urlencode(query),
            of=urlencode(others) + "&" if others else "",
            scenarios=await names_of_scenarios(self._engine, scenario if shown else ""),
        )

    async def one(self, request: Request) -> Response:
        """One claim: what is unknown of it, and the choice of what became of it."""
        return await self._step_1(request, await _READ(request))

    async def ask(self, request: Request) -> Response:
        """The second step: what the choice means."""
        actor = await _OPERATE(request)
        return await self._step_2(request, actor, request.query_params.get("outcome", ""), request.query_params)

    async def settle(self, request: Request) -> Response:
        """Settle the claim."""
        actor = await _OPERATE(request)  # mutant: settle-scope
        form = await self._forms.read(request)
        claim_id, outcome = _claim(request), form.get("outcome", "")
        name = _name(form.get("name", "")) if outcome == "arrived" else None
        if outcome not in ("arrived", "not_sent") or (outcome == "arrived" and not name):
            return await self._step_2(request, actor, outcome, form)
        engine = self._engine.acting_as(actor)
        try:
            await engine.decide(claim_id, provider_name=name, sees=actor.organisations)  # mutant: own-settlement
        except (SettledOtherwise, BadArgument) as fault:
            return await self._step_1(request, actor, fault=fault, status=409)
        return RedirectResponse(f"/unknown/{claim_id}", status_code=303)

    async def _step_1(
        self, request: Request, actor: Actor, *, status: int = 200, mistake: tuple[str, str] | None = None, **more: Any
    ) -> Response:
        claim_id = _claim(request)
        state = await self._engine.sends_of(claim_id, sees=actor.organisations)  # mutant: own-unknown-send
        sends = await self._engine.unknown_page(Filter(sees=actor.organisations, claim_id=claim_id))
        values: dict[str, Any] = {"fault": None, "asked": {"outcome": "", "name": ""}, **more}
        return await self._pages.page(
            request,
            "unknown_send.html",
            status=status,
            claim_id=claim_id,
            state=state,
            sends=sends,
            names=await self._names(actor, state.organisation_id, sends),
            may_settle=actor.allows("operate"),
            mistake=mistake,
            **values,
        )

    async def _names(self, actor: Actor, organisation_id: UUID | None, sends: Sequence[UnknownSend]) -> Names:
        return await self._engine.shown_names([Place(organisation_id)], people_of(sends), sees=actor.organisations)

    async def _step_2(self, request: Request, actor: Actor, outcome: str, said: Any) -> Response:
        name = said.get("name", "").strip()
        mistake = None
        if outcome not in ("arrived", "not_sent"):
            mistake = ("arrived", "Choose what became of the push.")
        elif outcome == "arrived" and not _name(name):
            mistake = ("name", f"Give the provider's name for the message: one line, up to {MAX_NAME} characters.")
        if mistake is not None:
            asked = {"outcome": outcome, "name": name}
            return await self._step_1(request, actor, status=422, mistake=mistake, asked=asked)
        claim_id = _claim(request)
        state = await self._engine.sends_of(claim_id, sees=actor.organisations)
        if not state.unknown:
            return RedirectResponse(f"/unknown/{claim_id}", status_code=303)
        sends = await self._engine.unknown_page(Filter(sees=actor.organisations, claim_id=claim_id))
        return await self._pages.page(
            request,
            "unknown_settle.html",
            claim_id=claim_id,
            state=state,
            sends=sends,
            names=await self._names(actor, state.organisation_id, sends),
            outcome=outcome,
            name=name if outcome == "arrived" else "",
        )


def _claim(request: Request) -> UUID:
    """The claim that the path names.

    Raises:
        NotFound: it is not an id.
    """
    try:
        return UUID(request.path_params["claim_id"])
    except ValueError:
        raise NotFound(hint="Open Unknown sends.") from None


def _name(text: str) -> str | None:
    """The name that a provider gives to a message; None: it is not one line."""
    text = text.strip()
    return text if text.isprintable() and 0 < len(text) <= MAX_NAME else None
