"""How far the sends of one run have come: what the feeder, the sends and the recorder have in
common."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counts the sends under way and the answers not written yet. For one event loop.

    `unwritten` counts answers that were handed over to the recorder and are not written down, or
    given up on, yet.
    """

    sending: int = 0
    unwritten: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def started(self) -> None:
        """A send has started."""
        self.sending += 1

    def ended(self) -> None:
        """A send has ended; its answer was handed over."""
        self.sending -= 1
        self._moved.set()

    def handed_over(self) -> None:
        """An answer waits to be written."""
        self.unwritten += 1

    def written(self, answers: int) -> None:
        """Answers were written, or given up on."""
        self.unwritten -= answers
        self._moved.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Return when a send has ended or answers were written, or after so many seconds. One
        task may wait."""
        self._moved.clear()
        try:
            await asyncio.wait_for(self._moved.wait(), None if seconds is None else max(0.0, seconds))
        except TimeoutError:
            return
