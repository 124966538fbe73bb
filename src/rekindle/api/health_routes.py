"""/v1/health and /v1/ready: whether the process answers, and whether a run could be asked for.
Free of keys."""

import time

from fastapi import APIRouter

from rekindle.api.document import responses
from rekindle.api.models import Health, Ready
from rekindle.app import Engine
from rekindle.errors import RekindleError

FREE = ("/v1/health", "/v1/ready")
READY_SECONDS = 1.0
"""An answer of the database counts for this long: anybody may ask, as often as they like."""


def health_routes(engine: Engine) -> APIRouter:
    """The routes that ask for no key."""
    router = APIRouter()
    readiness = _Readiness(engine)

    @router.get("/v1/health")
    async def health() -> Health:
        """The process answers; nothing else is looked at."""
        return Health()

    @router.get("/v1/ready", responses=responses(503))
    async def ready() -> Ready:
        """The database answers, is migrated and fit for the ledger."""
        await readiness.prove()
        return Ready()

    return router


class _Readiness:
    """Whether the database is fit, asked at most once in a while; says nothing but the code of
    what is wrong."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._until = 0.0
        self._fault: RekindleError | None = None

    async def prove(self) -> None:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + READY_SECONDS
            try:
                await self._engine.ready()
                self._fault = None
            except RekindleError as fault:
                self._fault = type(fault)()  # without its words, which may name the server
        if self._fault is not None:
            raise self._fault
