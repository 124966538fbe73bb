"""Log lines of the command line and of `serve`, on stderr: readable text on a terminal, JSON
elsewhere."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import structlog

from rekindle.errors import BadArgument


def set_up_logging(level: str) -> None:
    """Log events of this level and above to stderr.

    Raises:
        BadArgument: the level is not valid.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise BadArgument(f"{level!r} is not a valid log level", hint="Use debug, info, warning, error or critical.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter(readable=sys.stderr.isatty()))
    logger = logging.getLogger("rekindle")
    logger.handlers = [handler]
    logger.setLevel(number)
    # Its warnings about lost connections contain an address. We log events without the address.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)


class EventFormatter(logging.Formatter):
    """Formats an event with its fields, level and time in UTC: as readable text, or as one line of
    JSON."""

    def __init__(self, *, readable: bool) -> None:
        super().__init__()
        self._render: Any = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()

    def format(self, record: logging.LogRecord) -> str:
        """Format one record of the logger `rekindle`."""
        shown = {
            **record.__dict__.get("fields", {}),
            "event": record.__dict__.get("event") or record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        return self._render(None, "", shown)
