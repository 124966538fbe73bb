"""The progress of one run's sends. The feeder, the sends and the recorder share it."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counts the sends under way and the answers that are not written yet. For one event loop.

    `unwritten` counts the answers that were handed to the recorder and are neither written nor
    given up yet.
    """

    sending: int = 0
    unwritten: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def started(self) -> None:
        """A send has started."""
        self.sending += 1

    def ended(self) -> None:
        """A send has ended, and its answer was handed over."""
        self.sending -= 1
        self._moved.set()

    def handed_over(self) -> None:
        """An answer waits to be written."""
        self.unwritten += 1

    def written(self, answers: int) -> None:
        """Answers were written or given up."""
        self.unwritten -= answers
        self._moved.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Return when a send has ended, when answers were written, or after `seconds`. Only one
        task may wait."""
        self._moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return
