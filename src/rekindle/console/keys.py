"""The keys of the HTTP API and of these pages: list them, create one, revoke one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import SCOPES, Scope, valid_key_name
from rekindle.api.access import require
from rekindle.api.key_routes import KEYS, MAX_ORGANISATIONS
from rekindle.app import Engine
from rekindle.console.forms import Forms
from rekindle.console.pages import Pages
from rekindle.errors import KeyNameTaken, NotFound
from rekindle.model import Place
from rekindle.ports import ApiKey, Grant

PAGE = 50
_ADMIN = require("admin", everywhere=True)
LIFETIMES: Mapping[str, tuple[str, int | None]] = {
    "30": ("30 days", 30 * 86_400),
    "90": ("90 days", 90 * 86_400),
    "365": ("a year", 365 * 86_400),
    "never": ("until it is revoked", None),
}
_FRESH = {"name": "", "scope": "read", "organisations": "", "lifetime": "90"}


class KeyPages:
    """The keys. Only an admin who sees every organisation may use these pages, as in the API."""

    def __init__(self, pages: Pages, forms: Forms, engine: Engine) -> None:
        self._pages = pages
        self._forms = forms
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/keys", self.listed, methods=["GET"]),
            Route("/keys", self.create, methods=["POST"]),
            Route("/keys/{name}/revoke", self.ask, methods=["GET"]),
            Route("/keys/{name}/revoke", self.revoke, methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:
        """The keys by name, and the form for a new one."""
        await _ADMIN(request)
        return await self._list(request)

    async def create(self, request: Request) -> Response:
        """Create a key, and show it this once."""
        actor = await _ADMIN(request)  # mutant: create-key-scope
        form = {**_FRESH, **await self._forms.read(request)}
        mistakes: dict[str, str] = {}
        grant = _grant(form, mistakes)
        if grant is not None:
            try:
                created = await self._engine.acting_as(actor).create_key(grant)
                names = await self._engine.place_names(Place(one) for one in created.key.organisations)
                return await self._pages.page(
                    request, "key_created.html", status=201, key=created.key, secret=created.secret, names=names
                )
            except KeyNameTaken:
                mistakes["name"] = "There is a key of this name. Choose another one, or revoke that key first."
        return await self._list(request, form, mistakes, status=422)

    async def ask(self, request: Request) -> Response:
        """What revoking means."""
        await _ADMIN(request)
        return await self._pages.page(request, "key_revoke.html", key=await self._key(request))

    async def revoke(self, request: Request) -> Response:
        """Revoke the key. No request after this is answered with it."""
        actor = await _ADMIN(request)  # mutant: revoke-key-scope
        await self._forms.read(request)
        key = await self._key(request)
        if not await self._engine.acting_as(actor).revoke_key(key.name):
            return await self._pages.page(request, "key_revoke.html", status=409, key=await self._key(request))
        return RedirectResponse("/keys", status_code=303)

    async def _key(self, request: Request) -> ApiKey:
        """The newest key of the name in the path.

        Raises:
            NotFound: there never was one.
        """
        found = await self._engine.keys(name=request.path_params["name"])
        if not found:
            raise NotFound(hint="Open Keys.")
        return found[-1]

    async def _list(
        self, request: Request, form: Mapping[str, str] = _FRESH, mistakes: Mapping[str, str] = {}, *, status: int = 200
    ) -> Response:
        cursor = request.query_params.get("cursor") or None
        after = KEYS.read(cursor)
        found = await self._engine.keys(limit=PAGE + 1, after=None if after is None else (after[0], after[1]))
        rows, older = KEYS.page(found, PAGE, lambda one: (one.name, one.created_at))
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "keys": [(one, one.state(now)) for one in rows],
            "names": await self._engine.place_names(Place(id_) for one in rows for id_ in one.organisations),
            "older": older,
            "cursor": cursor,
            "asked": form,
            "mistakes": mistakes,
            "scopes": SCOPES,
            "lifetimes": LIFETIMES,
        }
        return await self._pages.page(request, "keys.html", status=status, **values)


def _grant(form: Mapping[str, str], mistakes: dict[str, str]) -> Grant | None:
    """What a form asks for. None: it has mistakes, by field."""
    name, scope, lifetime = form["name"].strip(), form["scope"], form["lifetime"]
    organisations: list[UUID] = []
    try:
        valid_key_name(name)
    except ValueError:
        mistakes["name"] = "Give a name of 1 to 63 of a-z, 0-9, `.`, `_`, `-`, such as ida."
    if scope not in SCOPES:
        mistakes["scope"] = "Choose what the key may do."
    if lifetime not in LIFETIMES:
        mistakes["lifetime"] = "Choose how long the key is valid."
    try:
        organisations = [UUID(one) for one in form["organisations"].replace(",", " ").split()]
    except ValueError:
        mistakes["organisations"] = "Give the ids of organisations, one on each line, or nothing."
    if len(organisations) > MAX_ORGANISATIONS:
        mistakes["organisations"] = f"Give at most {MAX_ORGANISATIONS:,} organisations."
    if mistakes:
        return None
    return Grant(name, cast("Scope", scope), tuple(organisations), LIFETIMES[lifetime][1])
