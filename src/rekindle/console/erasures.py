"""Erasures: which were done, and one more for a person who asks for it."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.audit_routes import AUDIT
from rekindle.api.erase_routes import person_to_erase
from rekindle.app import Engine
from rekindle.console.audit import line
from rekindle.console.forms import Forms
from rekindle.console.pages import Pages
from rekindle.errors import NotFound, PersonAmbiguous, StillRecipient
from rekindle.model import Place
from rekindle.ports import Filter

PAGE = 50
MAX_ID = 255
_ADMIN = require("admin")


class ErasurePages:
    """Erases people, as the API does. The list is of the audit, which has no id of a person; it is
    for an admin who sees every organisation."""

    def __init__(self, pages: Pages, forms: Forms, engine: Engine) -> None:
        self._pages = pages
        self._forms = forms
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/erasures", self.listed, methods=["GET"]),
            Route("/erasures/confirm", self.ask, methods=["GET"]),
            Route("/erasures/confirm", self.erase, methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:
        """Erasures, newest first, and the form for a person."""
        return await self._list(request, await _ADMIN(request))

    async def ask(self, request: Request) -> Response:
        """The second step: which person it is, and the field to type their id."""
        actor = await _ADMIN(request)
        return await self._step_2(request, actor, request.query_params.get("person", "").strip())

    async def erase(self, request: Request) -> Response:
        """Erase the person, if their id was typed."""
        actor = await _ADMIN(request)  # mutant: erase-scope
        form = await self._forms.read(request)
        given, typed = form.get("person", "").strip(), form.get("typed", "").strip()
        if not given or typed != given:  # mutant: typed-person
            return await self._step_2(request, actor, given, form, wrong=True)
        user_id = await person_to_erase(self._engine, actor, given)  # mutant: own-erasure
        try:
            erased = await self._engine.acting_as(actor).erase(user_id, force=form.get("force") == "yes")
        except StillRecipient:
            return await self._step_2(request, actor, given, form, active=True)
        return await self._pages.page(request, "erased.html", person=given, erased=erased)

    async def _list(
        self, request: Request, actor: Actor, *, status: int = 200, given: str = "", mistake: str | None = None
    ) -> Response:
        cursor = request.query_params.get("cursor") or None
        asked = Filter(action="person.erased", after=AUDIT.read(cursor), limit=PAGE + 1)
        rows = await self._engine.audit_page(asked) if actor.unlimited else None  # mutant: erasures-of-others
        shown, older = AUDIT.page(rows or (), PAGE, lambda one: (one.audit_id,))
        return await self._pages.page(
            request,
            "erasures.html",
            status=status,
            lines=None if rows is None else [line(one) for one in shown],
            older=older,
            cursor=cursor,
            given=given,
            mistake=mistake,
        )

    async def _step_2(
        self,
        request: Request,
        actor: Actor,
        given: str,
        form: Mapping[str, str] | None = None,
        *,
        wrong: bool = False,
        active: bool = False,
    ) -> Response:
        try:
            if not given or len(given) > MAX_ID:
                raise NotFound
            user_id = await person_to_erase(self._engine, actor, given)
        except NotFound:
            mistake = "Nobody that you see has this id." if given else "Give the id of the person."
            return await self._list(request, actor, status=422, given=given, mistake=mistake)
        except PersonAmbiguous:
            mistake = "This is the id of several people. Give the user_id."
            return await self._list(request, actor, status=422, given=given, mistake=mistake)
        organisations = [one for one in await self._organisations(user_id) if one is not None]
        places = await self._engine.place_names(Place(one) for one in organisations)
        return await self._pages.page(
            request,
            "erase.html",
            status=422 if wrong else 409 if active else 200,
            given=given,
            user_id=user_id,
            names=await self._engine.shown_names([], [user_id], sees=actor.organisations),
            organisations=[places.organisations.get(one) or str(one) for one in organisations],
            typed="" if form is None else form.get("typed", ""),
            wrong=wrong,
            active=active or (form is not None and "asked_force" in form),
        )

    async def _organisations(self, user_id: UUID) -> list[UUID | None]:
        return sorted(await self._engine.organisations_of(user_id), key=str)
