"""/v1/health and /v1/ready: whether the process answers, and whether it can start a run. Neither
needs a key."""

import time

from fastapi import APIRouter

from rekindle.api.document import responses
from rekindle.api.models import Health, Ready
from rekindle.app import Engine
from rekindle.errors import RekindleError
from rekindle.fleet.status import Ticks

FREE = ("/v1/health", "/v1/ready")
READY_SECONDS = 1.0
"""How long an answer of the database is kept, because anybody may ask at any rate."""


def health_routes(engine: Engine) -> APIRouter:
    """The routes that need no key."""
    router = APIRouter()
    readiness = _Readiness(engine)

    @router.get("/v1/health", responses=responses())
    async def health() -> Health:
        """The process answers. Nothing else is checked."""
        return Health()

    @router.get("/v1/ready", responses=responses(503))
    async def ready() -> Ready:
        """The database answers, is migrated and is suitable for the ledger; and whether the
        schedules run."""
        ticks = await readiness.prove()
        return Ready(last_tick_age_seconds=ticks.age_seconds, overdue=ticks.overdue)

    return router


class _Readiness:
    """Whether the database is suitable, and how old the last tick is, checked at most once per
    `READY_SECONDS`. Reports only the code of an error."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._until = 0.0
        self._fault: RekindleError | None = None
        self._ticks = Ticks(None, overdue=False)

    async def prove(self) -> Ticks:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + READY_SECONDS
            try:
                await self._engine.ready()
                self._ticks = await self._engine.ticks()
                self._fault = None
            except RekindleError as fault:
                self._fault = type(fault)()  # without its message, which may name the server
        if self._fault is not None:
            raise self._fault
        return self._ticks
