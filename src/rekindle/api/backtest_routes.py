"""/v1/backtests: results that `rekindle backtest --save` has stored. A request never replays the
past: that takes minutes and a connection."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, JsonValue

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.document import KEY, responses
from rekindle.api.list_models import example
from rekindle.api.models import Instant
from rekindle.api.pages import Cursor, Cursors, Limit, Page
from rekindle.app import Engine
from rekindle.documents import Document, saved_backtest_document
from rekindle.errors import NotFound
from rekindle.ports import Filter

_CURSORS = Cursors("backtests", (datetime, UUID))
_SAVED: dict[str, Any] = {
    "backtest_id": "0f7c3a52-9b1e-4c7d-8a55-2d1b6a9e4f00",
    "saved_at": "2026-11-26T12:00:00+00:00",
    "saved_by": "rekindle_worker",
    "since": "2026-08-28T12:00:00+00:00",
    "until": "2026-11-26T12:00:00+00:00",
    "scenario_types": ["inactivity"],
    "configurations": ["applied"],
}
_RESULT: dict[str, Any] = {
    "applied": {
        "since": _SAVED["since"],
        "until": _SAVED["until"],
        "timezone": "Europe/Oslo",
        "ticks": 90,
        "thinned": False,
        "scenarios": [],
        "pushes_per_person": {"1": 12},
        "most_in_7_days": 1,
        "most_in_30_days": 1,
    }
}

Everywhere = Annotated[Actor, Depends(require("read", everywhere=True))]


class BacktestSaved(BaseModel):
    """A saved backtest, without its numbers."""

    model_config = example(_SAVED)

    backtest_id: UUID
    saved_at: Instant
    saved_by: str
    since: Instant = Field(description="The time that was replayed begins here.")
    until: Instant
    scenario_types: list[str] = Field(description="The scenarios that were asked for; empty: all.")
    configurations: list[Literal["applied", "file"]] = Field(
        description="What was replayed: the scenarios that were in force then, those of an edited file, or both."
    )


class BacktestShown(BacktestSaved):
    """A saved backtest."""

    model_config = example({**_SAVED, "result": _RESULT})

    result: dict[Literal["applied", "file"], dict[str, JsonValue]] = Field(
        description="By configuration, as `rekindle backtest --json` showed it when it was saved."
    )


class BacktestPage(Page[BacktestSaved]):
    """One page of saved backtests."""

    model_config = example({"items": [_SAVED], "next": None})


def backtest_routes(engine: Engine) -> APIRouter:
    """The routes of saved backtests."""
    router = APIRouter(prefix="/v1", dependencies=KEY)

    @router.get(
        "/backtests",
        tags=["report"],
        summary="List saved backtests",
        responses=responses(401, 403, 422, 503),
        response_model=BacktestPage,
    )
    async def list_backtests(actor: Everywhere, limit: Limit = 100, cursor: Cursor = None) -> Document:
        """The results that `rekindle backtest --save` has stored, newest first, without their
        numbers. They count everybody, so a key that is limited to organisations is refused."""
        rows = await engine.saved_backtests(Filter(after=_CURSORS.read(cursor), limit=limit + 1))
        found, following = _CURSORS.page(rows, limit, lambda one: (one.saved_at, one.backtest_id))
        return {"items": [saved_backtest_document(one) for one in found], "next": following}

    @router.get(
        "/backtests/{backtest_id}",
        tags=["report"],
        summary="Show a saved backtest",
        responses=responses(401, 403, 404, 422, 503),
        response_model=BacktestShown,
    )
    async def show_backtest(backtest_id: UUID, actor: Everywhere) -> Document:
        """One of them, with its numbers."""
        found = await engine.saved_backtest(backtest_id)
        if found is None:
            raise NotFound("no saved backtest has this id")
        return saved_backtest_document(found)

    return router
