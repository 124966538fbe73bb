"""Dead tokens: the devices that no push reaches, because the provider says that their token is
dead."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.api.access import require
from rekindle.api.asked import person_named
from rekindle.api.pages import Cursors
from rekindle.app import Engine
from rekindle.console.forms import Forms
from rekindle.console.pages import Pages
from rekindle.documents import people_of
from rekindle.errors import NotFound
from rekindle.model import DisabledToken
from rekindle.ports import Disabled

PAGE = 50
_EVERYWHERE, _OPERATE = require("read", everywhere=True), require("operate", everywhere=True)
_CURSORS = Cursors("dead-tokens", (datetime, UUID))


class DeadTokenPages:
    """The list of dead tokens. A token itself is not kept, so no page could show one. A row has no
    organisation, so only a reader who sees all of them sees the list."""

    def __init__(self, pages: Pages, forms: Forms, engine: Engine) -> None:
        self._pages = pages
        self._forms = forms
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        path = "/dead-tokens/{device_id}/revive"
        return [
            Route("/dead-tokens", self.listed, methods=["GET"]),
            Route(path, self.ask, methods=["GET"]),
            Route(path, self.revive, methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:
        """Dead tokens, newest first."""
        actor = await _EVERYWHERE(request)  # mutant: dead-tokens-scope
        person = request.query_params.get("person", "").strip()
        cursor = request.query_params.get("cursor") or None
        chosen: Disabled | None = Disabled()
        if person:
            try:
                chosen = Disabled(user_id=await person_named(self._engine, actor, person))
            except NotFound:
                chosen = None
        after = _CURSORS.read(cursor)
        rows: Sequence[DisabledToken] = ()
        if chosen is not None:
            key = None if after is None else (after[0], after[1])
            rows = await self._engine.disabled_tokens(chosen, limit=PAGE + 1, after=key)
        shown, older = _CURSORS.page(rows, PAGE, lambda one: (one.disabled_at, one.device_id))
        return await self._pages.page(
            request,
            "dead_tokens.html",
            tokens=shown,
            names=await self._engine.shown_names([], people_of(shown)),
            person=person,
            query=urlencode({"person": person}) if person else "",
            older=older,
            cursor=cursor,
            may_revive=actor.allows("operate"),
        )

    async def ask(self, request: Request) -> Response:
        """The second look: which device it is, and what follows."""
        await _OPERATE(request)
        return await self._shown(request, _device(request))

    async def revive(self, request: Request) -> Response:
        """Use the token again, as `rekindle tokens revive` does. Of two readers at once, one does
        it, and the other is told that it is not listed any more."""
        actor = await _OPERATE(request)
        await self._forms.read(request)
        device_id = _device(request)
        if not await self._engine.acting_as(actor).revive(Disabled(device_ids=(device_id,))):
            return await self._shown(request, device_id, status=409)
        return RedirectResponse("/dead-tokens", status_code=303)

    async def _shown(self, request: Request, device_id: UUID, *, status: int = 200) -> Response:
        found = await self._engine.disabled_tokens(Disabled(device_ids=(device_id,)), limit=1)
        return await self._pages.page(
            request,
            "revive.html",
            status=status if found or status != 200 else 404,
            token=next(iter(found), None),
            names=await self._engine.shown_names([], people_of(found)),
        )


def _device(request: Request) -> UUID:
    """The device that the path names.

    Raises:
        NotFound: it is not an id.
    """
    try:
        return UUID(request.path_params["device_id"])
    except ValueError:
        raise NotFound(hint="Open Dead tokens.") from None
