"""/v1/test-sends: send a test push, and list them."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.asked import Asked as AskedFor
from rekindle.api.asked import Reader, User
from rekindle.api.document import KEY, responses
from rekindle.api.list_models import example
from rekindle.api.models import Instant, ScenarioType
from rekindle.api.pages import Cursors, Page
from rekindle.api.run_routes import IdempotencyKey
from rekindle.app import Engine
from rekindle.documents import Document, people_of, places_of, test_document
from rekindle.errors import NotFound
from rekindle.model import Asked, SentAsTest

_CURSORS = Cursors("tests", (datetime, UUID))
_USER = "3f1c8a52-9d4e-4b6a-8c7f-1e2d3c4b5a69"
_SENT: dict[str, Any] = {
    "test_id": "0193580a-5c00-7d3e-9b53-6f2a8f0c7c12",
    "user_id": _USER,
    "external_id": "4711",
    "scenario_type": "inactivity",
    "scenario_version": 3,
    "organisation_id": "7d2a6f0e-4c1b-4a57-9a0e-0b6f5c1d2e3f",
    "organisation_name": "Granvik",
    "device_id": "5b0c1f7e-8a4d-4e0b-9f3e-2d1c0b9a8f7e",
    "due": False,
    "samples": ["days"],
    "sent_by": "key on-call",
    "sent_at": "2026-11-26T09:00:00+00:00",
    "outcome": "accepted",
    "reason": None,
    "provider_name": "projects/example/messages/0:1700000000000000%1a2b3c4d",
    "hint": "",
}

Operator = Annotated[Actor, Depends(require("operate"))]
Wanted = Annotated[AskedFor, Depends()]


class TestRequest(BaseModel):
    """Which text to send, with the data of which person."""

    __test__ = False
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"user_id": _USER, "scenario": "inactivity"}]}
    )

    user_id: UUID = Field(description="An active recipient, due or not.")
    scenario: ScenarioType
    token: str | None = Field(
        default=None,
        min_length=1,
        max_length=4_096,
        pattern=r"^[\x21-\x7e]+$",
        description="Send to this device token instead of the device that the person registered last. Never stored.",
    )

    text: str | None = Field(
        default=None, min_length=1, max_length=31, description="One of the scenario's texts; null: its own."
    )

    def digest(self) -> str:
        """Equal for two requests that ask for the same test push. A token is in it only by its
        digest."""
        token = None if self.token is None else hashlib.sha256(self.token.encode()).hexdigest()
        asked = {"user_id": str(self.user_id), "scenario": self.scenario, "token": token, "text": self.text}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class TestSend(BaseModel):
    """A test push, and what became of it."""

    __test__ = False
    model_config = example(_SENT)

    test_id: UUID
    user_id: UUID
    external_id: str | None = Field(description="The id that the team knows, as the recipient view has it.")
    scenario_type: str
    scenario_version: int
    organisation_id: UUID | None
    organisation_name: str | None
    device_id: UUID | None = Field(description="Null: it went to a token that was given.")
    due: bool = Field(description="The person was due.")
    samples: list[str] = Field(description="The variables that had sample values, because the person was not due.")
    sent_by: str
    sent_at: Instant
    outcome: Literal["accepted", "refused", "unknown"] = Field(description="Unknown: it may have been accepted.")
    reason: str | None
    provider_name: str | None
    hint: str = Field(description="What may be done about a refusal; only in the answer to the request that sent it.")


class TestSendPage(Page[TestSend]):
    """One page of test pushes."""

    __test__ = False
    model_config = example({"items": [_SENT], "next": None})


def tests_routes(engine: Engine) -> APIRouter:
    """The routes of test pushes."""
    router = APIRouter(prefix="/v1", dependencies=KEY)

    async def shown(sent: SentAsTest) -> Document:
        return test_document(sent, await engine.names(places_of([sent]), people_of([sent])))

    @router.post(
        "/test-sends",
        tags=["tests"],
        summary="Send a test push",
        responses=responses(401, 403, 404, 409, 422, 429, 502, 503),
        response_model=TestSend,
    )
    async def send_test(
        request: TestRequest, response: Response, actor: Operator, idempotency_key: IdempotencyKey = None
    ) -> Document:
        """Send one push with a person's data, marked as a test, to the device that they registered
        last or to a token, once. It changes nothing for the next run. A request with the same key
        again is the same test push. A key that is limited to organisations finds their
        recipients."""
        if actor.organisations is not None and not actor.organisations:
            raise NotFound
        asked = None if idempotency_key is None else Asked(actor.own_key(idempotency_key), request.digest())
        sent = await engine.acting_as(actor).send_test(
            request.user_id,
            request.scenario,
            token=request.token,
            text=request.text,
            sees=actor.organisations,
            asked=asked,
        )
        if sent.replayed:
            response.headers["idempotency-replayed"] = "true"
        return await shown(sent)

    @router.get(
        "/test-sends",
        tags=["tests"],
        summary="List test pushes",
        responses=responses(401, 403, 404, 422, 503),
        response_model=TestSendPage,
    )
    async def list_tests(actor: Reader, asked: Wanted, user: User = None) -> Document:
        """Test pushes, newest first. `since` and `until` are about `sent_at`."""
        rows = await engine.tests_sent(asked.of(_CURSORS, user_id=user))
        found, following = _CURSORS.page(rows, asked.limit, lambda one: (one.sent_at, one.test_id))
        names = await engine.names(places_of(found), people_of(found))
        return {"items": [test_document(one, names) for one in found], "next": following}

    return router
