"""Log lines of the command line and of `serve`, on stderr: readable text on a terminal, JSON
elsewhere."""

import json
import logging
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from rekindle.errors import BadArgument
from rekindle.foreign import printable
from rekindle.log import log
from rekindle.telemetry.spans import trace_ids


def set_up_logging(level: str) -> None:
    """Log events of this level and above to stderr.

    Raises:
        BadArgument: the level is not valid.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise BadArgument(
            "the log level is not valid",
            hint="Use debug, info, warning, error or critical in --log-level or REKINDLE_LOG_LEVEL.",
        )
    handler = _Handler(sys.stderr)
    handler.setFormatter(EventFormatter(readable=sys.stderr.isatty()))
    logger = logging.getLogger("rekindle")
    logger.handlers = [handler]
    logger.setLevel(number)
    logging.lastResort = handler  # Python's own would write the texts of other loggers
    # Its warnings about lost connections contain an address. We log events without the address.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    threading.excepthook = lambda lost: log.error("thread.failed", kind=lost.exc_type.__name__)
    sys.unraisablehook = lambda lost: log.error("object.failed", kind=lost.exc_type.__name__)


@contextmanager
def logging_to(path: Path) -> Generator[Callable[[], None]]:
    """Until the block ends, log lines are written to this file, as JSON, and not to stderr. The
    function that it gives lets errors be written to stderr again, too."""
    logger = logging.getLogger("rekindle")
    before, last = logger.handlers, logging.lastResort
    with path.open("a", encoding="utf-8") as file:
        handler = _Handler(file)
        handler.setFormatter(EventFormatter(readable=False))
        logger.handlers, logging.lastResort = [handler], handler

        def show_errors() -> None:
            for one in before:
                one.setLevel(logging.ERROR)
            logger.handlers = [handler, *before]

        try:
            yield show_errors
        finally:
            for one in before:
                one.setLevel(logging.NOTSET)
            logger.handlers, logging.lastResort = before, last


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Drop a line that cannot be formatted. The standard library would print it as it is."""


class EventFormatter(logging.Formatter):
    """Formats an event with its fields, level and time in UTC: as readable text, or as one line of
    JSON. Of a record of any other logger, only the logger's name and the kind of the error are
    shown, because its text may quote anything."""

    def __init__(self, *, readable: bool) -> None:
        super().__init__()
        self._render: Callable[[dict[str, object]], str] = partial(json.dumps, default=repr)
        if readable:
            # Imported here: it takes 16 ms, and most commands do not write to a terminal.
            from structlog.dev import ConsoleRenderer

            renderer = ConsoleRenderer()
            self._render = lambda shown: str(renderer(None, "", shown))

    def format(self, record: logging.LogRecord) -> str:
        """Format one record as one line."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        event: str = record.__dict__.get("event", "library.logged")
        fields: dict[str, object] = record.__dict__.get("fields", {"logger": record.name, "kind": kind})
        shown = {
            **{name: printable(value) if isinstance(value, str) else value for name, value in fields.items()},
            "event": event,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            **trace_ids(),
        }
        return self._render(shown)
