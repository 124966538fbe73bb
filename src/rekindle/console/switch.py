"""Switch a scenario off, or on again: a page that says what will happen, and its form."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.decisions import SwitchRequest
from rekindle.app import Engine
from rekindle.console.forms import Forms
from rekindle.console.pages import Pages
from rekindle.console.scenarios import NO_SCENARIO
from rekindle.errors import Forbidden, NotFound, UnknownScenario
from rekindle.model import Place, Switch

MOST_ORGANISATIONS = 200
_EVERYWHERE = ""


class SwitchPages:
    """The two steps of a switch, for readers who may operate. One who is limited to organisations
    switches it in one of them, as over the API."""

    def __init__(self, pages: Pages, engine: Engine, forms: Forms) -> None:
        self._pages = pages
        self._engine = engine
        self._forms = forms

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/scenarios/{name}/switch", self.ask, methods=["GET"]),
            Route("/scenarios/{name}/switch", self.turn, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """The second look: what it stops, since when, and for which reason."""
        actor = self._operator(request)
        return await self._form(request, actor, request.query_params, {})

    async def turn(self, request: Request) -> Response:
        """Turn it, as `PUT /v1/switches` does. A form with a mistake changes nothing."""
        actor = self._operator(request)
        sent = await self._forms.read(request)
        name = request.path_params["name"]
        place = sent.get("organisation", _EVERYWHERE)
        reason = " ".join(sent.get("reason", "").split())
        off = sent.get("turned") == "off"
        fields: dict[str, Any] = {
            "scenario_type": name,
            "organisation_id": place or None,
            "turned": sent.get("turned"),
            "reason": reason or None,
        }
        mistakes: dict[str, str] = {}
        asked = None
        if off and not reason:
            mistakes["reason"] = "Say why, for people who look later."
        try:
            asked = SwitchRequest.model_validate(fields)
        except ValidationError as fault:
            mistakes |= {str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in fault.errors()}
        if asked is None or mistakes:
            return await self._form(request, actor, sent, mistakes)
        if asked.organisation_id is None and not actor.unlimited:  # mutant: switch-everywhere-on-a-page
            raise Forbidden(f"this concerns every organisation, and {actor.label} is limited to some")
        if not actor.sees(asked.organisation_id):  # mutant: switch-elsewhere-on-a-page
            raise NotFound
        try:
            await self._engine.acting_as(actor).switch(
                asked.turned, scenario_type=name, organisation_id=asked.organisation_id, reason=asked.reason
            )
        except UnknownScenario:
            raise NO_SCENARIO from None
        return RedirectResponse(f"/scenarios/{name}#switch", status_code=303)

    def _operator(self, request: Request) -> Actor:
        actor = self._pages.reader(request)
        if not actor.allows("operate"):  # mutant: switch-by-a-reader
            raise Forbidden
        return actor

    async def _form(
        self, request: Request, actor: Actor, sent: Mapping[str, str], mistakes: Mapping[str, str]
    ) -> Response:
        name = request.path_params["name"]
        if name not in [one.applied.scenario_type for one in await self._engine.scenarios()]:
            raise NO_SCENARIO
        switches = [one for one in await self._engine.switches(sees=actor.organisations) if one.scenario_type == name]
        places = _places(actor, switches)
        names = await self._engine.place_names(Place(one) for one in places)
        place = sent.get("organisation", _EVERYWHERE if actor.unlimited else str(next(iter(places), "")))
        current = next((one for one in switches if str(one.organisation_id or "") == place), None)
        return await self._pages.page(
            request,
            "switch.html",
            status=422 if mistakes else 200,
            name=name,
            turned="on" if sent.get("turned") == "on" else "off",
            current=current if current is not None and current.turned == "off" else None,
            place=place,
            places=[(str(one), names.organisations.get(one) or str(one)) for one in places],
            everywhere=actor.unlimited,
            reason=sent.get("reason", ""),
            mistakes=mistakes,
        )


def _places(actor: Actor, switches: Sequence[Switch]) -> list[UUID]:
    """The organisations to choose from: those of a limited reader, and otherwise those in which it
    was switched before."""
    if actor.organisations is not None:
        return sorted(actor.organisations)[:MOST_ORGANISATIONS]
    found = {one.organisation_id for one in switches if one.organisation_id is not None}
    return sorted(found)[:MOST_ORGANISATIONS]
