"""The part of the engine that shows how a run goes, also one of another process."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from uuid import UUID

from rekindle.app.base import Base
from rekindle.errors import RunNotFound
from rekindle.model import Look

LOOK_SECONDS = 1.0
"""How long after one look at a run the next one comes, at least."""

_MAX_PAUSE_SECONDS = 5.0
_TIMES_AS_LONG = 10
"""The pause is this many times as long as the look took, but at most five seconds, so that looking
at a large run takes a small part of one connection."""


class Watching(Base):
    """Shows how runs go."""

    async def watch(self, run_id: UUID, *, stop: asyncio.Event | None = None) -> AsyncGenerator[Look]:
        """How far the run is, at most once per second, and last how it ended. Reads only the
        ledger, so the run may be one of any process.

        A run whose process is lost ends with `abandoned`, 30 s after the process was last seen.
        With `stop` it ends early, once that is set.

        Raises:
            RunNotFound: there is no such run.
            DatabaseError: the ledger cannot be read.
        """
        stop = stop or asyncio.Event()
        while not stop.is_set():
            began = time.monotonic()
            look = await self._reports.look(run_id)
            took = time.monotonic() - began
            if look is None:
                raise RunNotFound
            yield look
            if look.is_last:
                return
            pause = max(LOOK_SECONDS, min(_TIMES_AS_LONG * took, _MAX_PAUSE_SECONDS))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()
