"""The lists of what happened: runs, records, deliveries, unknown sends, and switches."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from rekindle.api.asked import Asked, Reader, User
from rekindle.api.document import KEY, responses
from rekindle.api.list_models import (
    DeliveryPage,
    NotificationDetail,
    NotificationPage,
    RunPage,
    SwitchPage,
    UnknownPage,
)
from rekindle.api.pages import Cursors
from rekindle.app import Engine
from rekindle.documents import (
    Document,
    delivery_document,
    notification_document,
    notification_shown_document,
    people_of,
    places_of,
    report_document,
    switch_document,
    unknown_document,
)
from rekindle.model import Names

RUNS = Cursors("runs", (datetime, UUID))
NOTIFICATIONS = Cursors("notifications", (datetime, UUID))
DELIVERIES = Cursors("deliveries", (datetime, UUID, UUID))
UNKNOWN = Cursors("unknown", (datetime, UUID, UUID))

Wanted = Annotated[Asked, Depends()]
_LISTED = responses(401, 403, 404, 422, 503)


def list_routes(engine: Engine) -> APIRouter:
    """The routes that list, and show one record."""
    router = APIRouter(prefix="/v1", dependencies=KEY)

    async def named(rows: Sequence[Any], document: Callable[[Any, Names], Document]) -> list[Document]:
        names = await engine.names(places_of(rows), people_of(rows))
        return [document(row, names) for row in rows]

    @router.get("/runs", tags=["runs"], summary="List runs", responses=_LISTED, response_model=RunPage)
    async def list_runs(actor: Reader, asked: Wanted) -> Document:
        """Runs, newest first. `scenario` and `organisation` are found in the selection of a run. A
        key that is limited to organisations sees the runs that were limited to some of them."""
        rows = await engine.run_page(asked.of(RUNS))
        shown, following = RUNS.page(rows, asked.limit, lambda one: (one.started_at, one.run_id))
        return {"items": [report_document(one) for one in shown], "next": following}

    @router.get(
        "/notifications",
        tags=["records"],
        summary="List records",
        responses=_LISTED,
        response_model=NotificationPage,
    )
    async def list_notifications(actor: Reader, asked: Wanted, user: User = None) -> Document:
        """Records of people who got a push, newest first. `since` and `until` are about
        `dispatched_at`."""
        rows = await engine.notification_page(asked.of(NOTIFICATIONS, user_id=user))
        shown, following = NOTIFICATIONS.page(rows, asked.limit, lambda one: (one.dispatched_at, one.claim_id))
        return {"items": await named(shown, notification_document), "next": following}

    @router.get(
        "/notifications/{claim_id}",
        tags=["records"],
        summary="Show a record",
        responses=responses(401, 403, 404, 422, 503),
        response_model=NotificationDetail,
    )
    async def show_notification(claim_id: UUID, actor: Reader) -> Document:
        """One record, and what became of each device of its claim."""
        found = await engine.notification(claim_id, sees=actor.organisations)
        names = await engine.names(places_of([found.notification]), people_of([found.notification]))
        return notification_shown_document(found, names)

    @router.get(
        "/deliveries", tags=["records"], summary="List deliveries", responses=_LISTED, response_model=DeliveryPage
    )
    async def list_deliveries(actor: Reader, asked: Wanted, user: User = None) -> Document:
        """Devices that accepted a push, in the order of their records: newest record first. `since`
        and `until` are about `dispatched_at`, the time of the record."""
        rows = await engine.delivery_page(asked.of(DELIVERIES, user_id=user))
        shown, following = DELIVERIES.page(
            rows, asked.limit, lambda one: (one.dispatched_at, one.claim_id, one.device_id)
        )
        return {"items": await named(shown, delivery_document), "next": following}

    @router.get(
        "/unknown", tags=["unknown"], summary="List unknown sends", responses=_LISTED, response_model=UnknownPage
    )
    async def list_unknown(actor: Reader, asked: Wanted, user: User = None) -> Document:
        """Sends that may have been accepted, newest first. `since` and `until` are about
        `armed_at`."""
        rows = await engine.unknown_page(asked.of(UNKNOWN, user_id=user))
        shown, following = UNKNOWN.page(rows, asked.limit, lambda one: (one.armed_at, one.claim_id, one.device_id))
        return {"items": await named(shown, unknown_document), "next": following}

    @router.get(
        "/switches",
        tags=["switches"],
        summary="List switches",
        responses=responses(401, 403, 422, 503),
        response_model=SwitchPage,
    )
    async def list_switches(actor: Reader) -> Document:
        """Every switch that was ever turned, in its last state, newest first. It is one page. A key
        that is limited to organisations sees their switches."""
        rows = await engine.switches(sees=actor.organisations)
        names = await engine.place_names(places_of(rows))
        return {"items": [switch_document(one, names) for one in rows], "next": None}

    return router
