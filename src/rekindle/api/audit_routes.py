"""/v1/audit: what was changed, and by which actor."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.document import KEY, responses
from rekindle.api.models import Instant
from rekindle.api.pages import Cursor, Cursors, Limit, Page
from rekindle.app import Engine
from rekindle.documents import audited_document, places_of
from rekindle.ports import Filter

AUDIT = Cursors("audit", (int,))
_CHANGE: dict[str, JsonValue] = {
    "audit_id": 7,
    "at": "2026-11-26T09:00:00+00:00",
    "actor": "key on-call",
    "action": "switch.turned",
    "scenario_type": "inactivity",
    "organisation_id": None,
    "organisation_name": None,
    "subject": "3",
    "details": {"turned": "off"},
}

Admin = Annotated[Actor, Depends(require("admin", everywhere=True))]
Since = Annotated[AwareDatetime | None, Query(description="Only changes at or after this instant.")]
Until = Annotated[AwareDatetime | None, Query(description="Only changes before this instant.")]


class Change(BaseModel):
    """One change."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CHANGE]})

    audit_id: int
    at: Instant
    actor: str
    action: str
    scenario_type: str | None
    organisation_id: UUID | None
    organisation_name: str | None = Field(description="As the view `organisation` has it.")
    subject: str | None = Field(description="The id or name of what was changed.")
    details: dict[str, JsonValue]


class PageOfChanges(Page[Change]):
    """One page of the audit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_CHANGE], "next": None}]})


def audit_routes(engine: Engine) -> APIRouter:
    """The routes of the audit."""
    router = APIRouter(prefix="/v1/audit", dependencies=KEY)

    @router.get("", responses=responses(401, 403, 503))
    async def list_changes(
        actor: Admin, since: Since = None, until: Until = None, limit: Limit = 100, cursor: Cursor = None
    ) -> PageOfChanges:
        """What was changed, by which actor and when, newest first."""
        asked = Filter(since=since, until=until, after=AUDIT.read(cursor), limit=limit + 1)
        rows, following = AUDIT.page(await engine.audit_page(asked), limit, lambda one: (one.audit_id,))
        names = await engine.place_names(places_of(rows))
        return PageOfChanges(
            items=[Change.model_validate(audited_document(one, names)) for one in rows], next=following
        )

    return router
