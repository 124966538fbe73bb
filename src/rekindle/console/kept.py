"""Answers that take long to count, kept for some time: a page must not wait for them, and many
readers must not make the database count the same again and again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """An answer, and when it was counted."""

    answer: T
    at: datetime
    earlier: bool
    """Whether it is one that was kept."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    answer: T
    at: datetime
    ended: float
    seconds: float


class Kept(Generic[T]):
    """The latest answers by what was asked. What the reader may see is part of the key, or somebody
    would get the numbers of another organisation.

    An answer that was quick is counted anew each time. Of the others, one at a time is counted, and
    no page waits for it longer than `WAIT_SECONDS`: it shows the earlier answer, or that it is
    being counted. The count goes on when the reader has left.
    """

    FRESH_SECONDS = 300.0
    LONGEST_SECONDS = 3600.0
    """An older answer is not shown."""
    QUICK_SECONDS = 0.1
    WAIT_SECONDS = 1.0
    MOST = 32

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()
        self._kept: dict[Hashable, _Kept[T]] = {}
        self._counts: dict[Hashable, asyncio.Task[_Kept[T]]] = {}

    async def get(self, key: Hashable, count: Callable[[], Awaitable[T]]) -> Counted[T] | None:
        """The answer; None: it is still being counted, and there is no earlier one.

        Raises:
            RekindleError: as `count`; nothing is kept.
        """
        kept = self._kept.get(key)
        if kept is not None and self._age(kept) > self.LONGEST_SECONDS:  # mutant: kept-too-long
            kept = None
        if kept is not None and self._age(kept) <= self.FRESH_SECONDS and kept.seconds > self.QUICK_SECONDS:
            return Counted(kept.answer, kept.at, earlier=True)
        task = self._counts.get(key)
        if task is None:
            task = self._counts[key] = asyncio.create_task(self._count(key, count))
            task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        await asyncio.wait({task}, timeout=self.WAIT_SECONDS if kept is None else self.QUICK_SECONDS)
        if task.done():
            found = task.result()
            return Counted(found.answer, found.at, earlier=False)
        return None if kept is None else Counted(kept.answer, kept.at, earlier=True)

    def latest(self, key: Hashable) -> Counted[T] | None:
        """The answer that is kept, also an older one; None: there is none. Counts nothing."""
        kept = self._kept.get(key)
        if kept is None or self._age(kept) > self.LONGEST_SECONDS:
            return None
        return Counted(kept.answer, kept.at, earlier=True)

    async def _count(self, key: Hashable, count: Callable[[], Awaitable[T]]) -> _Kept[T]:
        try:
            async with self._turn:
                begun, at = self._clock(), datetime.now(UTC)
                answer = await count()
                ended = self._clock()
        finally:
            del self._counts[key]
        self._kept.pop(key, None)
        self._kept[key] = found = _Kept(answer, at, ended, ended - begun)
        while len(self._kept) > self.MOST:
            del self._kept[next(iter(self._kept))]
        return found

    def _age(self, kept: _Kept[T]) -> float:
        return self._clock() - kept.ended
