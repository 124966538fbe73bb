"""The audit log: what was changed, by which actor and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.api.access import require
from rekindle.api.audit_routes import AUDIT
from rekindle.app import Engine
from rekindle.console.pages import Pages
from rekindle.documents import places_of
from rekindle.ports import Action, Audited, Filter

PAGE = 50
_ADMIN = require("admin", everywhere=True)
ACTIONS: Mapping[Action, str] = {
    "config.applied": "Applied a configuration",
    "switch.turned": "Turned a switch",
    "unknown.settled": "Settled an unknown send",
    "run.started": "Started a run",
    "run.confirmed": "Confirmed a run",
    "installation.adopted": "Adopted the installation",
    "key.created": "Created a key",
    "key.revoked": "Revoked a key",
    "person.erased": "Erased a person",
    "person.exported": "Exported a person",
    "ledger.pruned": "Pruned the ledger",
    "tokens.revived": "Used dead tokens again",
    "test.sent": "Sent a test push",
    "backtest.saved": "Saved a backtest",
}
"""What each action is in words."""
_LEADS = {"run.started": "/runs/", "run.confirmed": "/runs/", "unknown.settled": "/unknown/"}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the page shows it. `leads`: the page of its subject."""

    entry: Audited
    words: str
    leads: str | None
    details: list[tuple[str, str]]


class AuditPages:
    """The list of changes. Only an admin who sees every organisation may read it, as in the API."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route("/audit", self.listed, methods=["GET"])]

    async def listed(self, request: Request) -> Response:
        """Changes, newest first."""
        await _ADMIN(request)  # mutant: audit-scope
        asked = {name: request.query_params.get(name, "").strip() for name in ("action", "since", "until")}
        cursor = request.query_params.get("cursor") or None
        days = {name: _day(asked[name]) for name in ("since", "until")}
        wrong = [name for name, day in days.items() if asked[name] and day is None]
        known = not asked["action"] or asked["action"] in get_args(Action)
        zone = self._pages.zone(request)

        def start(day: date | None, more: int = 0) -> datetime | None:
            moment = None if day is None else datetime(day.year, day.month, day.day, tzinfo=zone)
            return None if moment is None else moment + timedelta(days=more)

        rows: Sequence[Audited] = ()
        if known and not wrong:
            found = Filter(
                action=asked["action"] or None,
                since=start(days["since"]),
                until=start(days["until"], 1),
                after=AUDIT.read(cursor),
                limit=PAGE + 1,
            )
            rows = await self._engine.audit_page(found)
        shown, older = AUDIT.page(rows, PAGE, lambda one: (one.audit_id,))
        return await self._pages.page(
            request,
            "audit.html",
            status=422 if wrong else 200,
            lines=[line(one) for one in shown],
            names=await self._engine.place_names(places_of(shown)),
            actions=ACTIONS,
            asked=asked,
            wrong=wrong,
            query=urlencode({name: value for name, value in asked.items() if value}),
            older=older,
            cursor=cursor,
        )


def line(one: Audited) -> Line:
    """An entry in words."""
    leads = _LEADS.get(one.action)
    details = [(name.replace("_", " "), _said(value)) for name, value in one.details.items() if value not in (None, [])]
    return Line(
        one,
        next((words for action, words in ACTIONS.items() if action == one.action), one.action),
        None if leads is None or one.subject is None else leads + one.subject,
        details,
    )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(value)


def _day(text: str) -> date | None:
    """The day that somebody chose; None: it is none, or out of the range of instants."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9_999 else None
