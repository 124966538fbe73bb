"""Dead tokens: the devices that no push reaches, because the provider says that their token is
dead."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.api.access import require
from rekindle.api.asked import person_named
from rekindle.api.pages import Cursors
from rekindle.app import Engine
from rekindle.console.pages import Pages
from rekindle.documents import people_of
from rekindle.errors import NotFound
from rekindle.model import DisabledToken
from rekindle.ports import Disabled

PAGE = 50
_EVERYWHERE = require("read", everywhere=True)
_CURSORS = Cursors("dead-tokens", (datetime, UUID))


class DeadTokenPages:
    """The list of dead tokens. A token itself is not kept, so no page could show one. A row has no
    organisation, so only a reader who sees all of them sees the list."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route("/dead-tokens", self.listed, methods=["GET"])]

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
            names=await self._engine.called([], people_of(shown)),
            person=person,
            query=urlencode({"person": person}) if person else "",
            older=older,
            cursor=cursor,
        )
