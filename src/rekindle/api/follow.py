"""Everybody who follows a run gets its server-sent events from one look at it per second."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from fastapi.sse import format_sse_event

from rekindle.api.models import RunReport
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.errors import RekindleError, TooManyFollowers
from rekindle.foreign import escaped
from rekindle.log import log
from rekindle.model import Look

MAX_FOLLOWERS = 64
"""How many requests of this process may follow runs at once."""
MAX_FOLLOWERS_OF_ONE = 16
"""How many of them may be of one key, person or login."""
FOLLOW_SECONDS = 300.0
"""How long one request may follow a run. It may then ask again, as `EventSource` does by itself."""
HEARTBEAT_SECONDS = 15.0
"""How long nothing is sent at most, so that a proxy does not close the connection."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run, as it is sent. Its id is equal for equal looks, in every process."""

    id: str
    is_last: bool
    text: bytes
    look: Look

    @classmethod
    def of(cls, look: Look) -> "Event":
        """The event of one look at a run."""
        text = escaped(RunReport.model_validate(look.report).model_dump_json())
        name = hashlib.sha256(f"{look.sight} {text}".encode()).hexdigest()[:16]
        return cls(name, look.is_last, format_sse_event(data_str=text, event=look.sight, id=name), look)


RETRY = format_sse_event(retry=2_000)
"""How long `EventSource` waits before it asks again, in milliseconds."""
HEARTBEAT = format_sse_event(comment="still following")


class Following:
    """The runs that are followed. The stop of the server ends it, except for a run of this process:
    that one ends soon, and its followers get its report."""

    def __init__(self, engine: Engine, runs: Runs) -> None:
        self._engine = engine
        self._runs = runs
        self._followed: dict[UUID, _Followed] = {}
        self._followers: Counter[str] = Counter()

    async def events(self, run_id: UUID, *, follower: str) -> AsyncGenerator[Event | None]:
        """The events of a run from now on, each when it differs from the one before it; None: a
        heartbeat is due. A follower that takes them slowly gets the latest one.

        It ends after the last event, after `FOLLOW_SECONDS`, or if the ledger cannot be read any
        more.

        Args:
            follower: the label of the actor that asks.

        Raises:
            TooManyFollowers: nobody more may follow a run now.
            DatabaseError: the ledger cannot be read at all.
        """
        if self._followers.total() >= MAX_FOLLOWERS or self._followers[follower] >= MAX_FOLLOWERS_OF_ONE:
            raise TooManyFollowers(f"{self._followers.total()} requests follow runs, which is the limit")
        followed = self._followed.get(run_id)
        if followed is None:
            followed = self._followed[run_id] = _Followed()
            followed.looking = asyncio.create_task(self._look(run_id, followed), name="rekindle-follow")
        self._followers[follower] += 1
        followed.followers += 1
        try:
            async with aclosing(followed.events()) as events:
                async for event in events:
                    yield event
        finally:
            followed.followers -= 1
            self._followers[follower] -= 1
            if not self._followers[follower]:
                del self._followers[follower]

    async def _look(self, run_id: UUID, followed: "_Followed") -> None:
        """Show the run to its followers until it ends or the last of them is gone."""
        stop = None if self._runs.has(run_id) else self._runs.stop
        try:
            async with aclosing(self._engine.watch(run_id, stop=stop)) as looks:
                async for look in looks:
                    if not followed.followers:  # mutant: nobody-follows
                        return
                    followed.show(Event.of(look))
        except RekindleError as fault:
            followed.fault = fault
        except Exception as fault:  # nobody awaits this task, so it tells
            log.error("follow.failed", run_id=str(run_id), kind=type(fault).__name__)
            followed.fault = RekindleError(hint="Read the log.")
        finally:
            del self._followed[run_id]
            followed.end()  # also for a follower that came at this moment: it asks again


class _Followed:
    """One run, and the latest event of it."""

    def __init__(self) -> None:
        self.followers = 0
        self.fault: RekindleError | None = None
        self.looking: asyncio.Task[None] | None = None  # kept, because the loop does not
        self._latest: Event | None = None
        self._over = False
        self._changed = asyncio.Event()

    def show(self, event: Event) -> None:
        """Give the event to every follower, if it differs from the latest one."""
        if self._latest is None or event.id != self._latest.id:
            self._latest = event
            self._wake()

    def end(self) -> None:
        """There are no more events."""
        self._over = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def events(self) -> AsyncGenerator[Event | None]:
        """See `Following.events`."""
        shown: Event | None = None
        until = time.monotonic() + FOLLOW_SECONDS
        while True:
            changed, left = self._changed, until - time.monotonic()
            if self._latest is not shown:
                shown = self._latest
                yield shown
            elif self._over and shown is None and self.fault is not None:
                raise self.fault
            elif self._over or left <= 0:
                return
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, HEARTBEAT_SECONDS)):
                        await changed.wait()
                    continue
                yield None
