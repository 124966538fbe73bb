"""/v1/keys: the keys of this API that the database knows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from rekindle.access import Actor, Scope
from rekindle.api.access import require
from rekindle.api.document import KEY, responses
from rekindle.api.models import Instant
from rekindle.api.pages import Cursor, Cursors, Limit, Page
from rekindle.app import Engine
from rekindle.documents import organisations_document
from rekindle.errors import KeyNameTaken, NotFound
from rekindle.model import Place, PlaceNames
from rekindle.policy import MAX_DURATION_SECONDS
from rekindle.ports import ApiKey, Grant

MAX_ORGANISATIONS = 1_000
KEYS = Cursors("keys", (str, datetime))
_KEY: dict[str, JsonValue] = {
    "name": "ci",
    "scope": "operate",
    "organisations": [],
    "organisation_names": [],
    "state": "valid",
    "created_at": "2026-11-26T09:00:00+00:00",
    "created_by": "environment key",
    "expires_at": "2027-02-24T09:00:00+00:00",
    "last_used_at": None,
    "revoked_at": None,
    "revoked_by": None,
}

Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="The name of the key.")]
Admin = Annotated[Actor, Depends(require("admin", everywhere=True))]


class KeyRequest(BaseModel):
    """What a new key allows."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"scope": "operate", "expires_seconds": 7_776_000}]}
    )

    scope: Scope = Field(description="Each scope includes the one before it: read, operate, admin.")
    organisations: list[UUID] = Field(
        default=[], max_length=MAX_ORGANISATIONS, description="The only organisations that it sees. Empty: all of them."
    )
    expires_seconds: int | None = Field(
        default=None,
        ge=60,
        le=MAX_DURATION_SECONDS,
        strict=True,
        description="How long it is valid. Null: until it is revoked.",
    )


class Key(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_KEY]})

    name: str
    scope: Scope
    organisations: list[UUID] = Field(description="The only organisations that it sees. Empty: all of them.")
    organisation_names: list[str | None] = Field(
        description="Their names in the same order, as the view `organisation` has them."
    )
    state: Literal["valid", "expired", "revoked"]
    created_at: Instant
    created_by: str
    expires_at: Instant | None
    last_used_at: Instant | None = Field(description="Up to a minute late.")
    revoked_at: Instant | None
    revoked_by: str | None


class KeyCreated(Key):
    """A key. If it was created by this request, the answer has its secret."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{**_KEY, "secret": "rekindle_" + 43 * "x"}]}
    )

    secret: str | None = Field(
        description="Shown once, when the key is created: only its digest is stored. Null: it existed already."
    )


class PageOfKeys(Page[Key]):
    """One page of the keys."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_KEY], "next": None}]})


def key_routes(engine: Engine) -> APIRouter:
    """The routes of the resource `keys`. Only an admin who sees every organisation may use them."""
    router = APIRouter(prefix="/v1/keys", dependencies=KEY)

    async def shown(keys: Sequence[ApiKey]) -> list[dict[str, object]]:
        names = await engine.place_names(Place(id_) for one in keys for id_ in one.organisations)
        return [_shown(one, names) for one in keys]

    @router.get("", responses=responses(401, 403, 503))
    async def list_keys(actor: Admin, limit: Limit = 100, cursor: Cursor = None) -> PageOfKeys:
        """The keys that were ever created, by name. None of them has its secret."""
        after = KEYS.read(cursor)
        found = await engine.keys(limit=limit + 1, after=None if after is None else (after[0], after[1]))
        rows, following = KEYS.page(found, limit, lambda one: (one.name, one.created_at))
        return PageOfKeys(items=[Key.model_validate(one) for one in await shown(rows)], next=following)

    @router.get("/{name}", responses=responses(401, 403, 404, 503))
    async def show_key(actor: Admin, name: Name) -> Key:
        """The newest key of this name, without its secret."""
        found = await engine.keys(name=name)
        if not found:
            raise NotFound
        return Key.model_validate((await shown(found[-1:]))[0])

    @router.put("/{name}", status_code=201, responses={200: {"model": KeyCreated}} | responses(401, 403, 409, 503))
    async def create_key(actor: Admin, name: Name, request: KeyRequest, response: Response) -> KeyCreated:
        """Create a key: 201, and the answer has its secret, once. 200: the key exists already, as
        this request asks for it. To replace it, revoke it first."""
        grant = Grant(name, request.scope, tuple(request.organisations), request.expires_seconds)
        try:
            created = await engine.acting_as(actor).create_key(grant)
        except KeyNameTaken:
            found = (await engine.keys(name=name))[-1]
            if found.state(datetime.now(UTC)) != "valid" or not found.grants(grant):
                raise
            response.status_code = 200
            return KeyCreated.model_validate({**(await shown([found]))[0], "secret": None})
        return KeyCreated.model_validate({**(await shown([created.key]))[0], "secret": created.secret})

    @router.delete("/{name}", status_code=204, responses=responses(401, 403, 404, 503))
    async def revoke_key(actor: Admin, name: Name) -> None:
        """Revoke a key: from now on, no request is answered with it. Revoking it again changes
        nothing."""
        await engine.acting_as(actor).revoke_key(name)

    return router


def _shown(key: ApiKey, names: PlaceNames) -> dict[str, object]:
    named = organisations_document(key.organisations, names)
    fields = {name: getattr(key, name) for name in Key.model_fields if name not in {*named, "state"}}
    return {**fields, **named, "state": key.state(datetime.now(UTC))}
