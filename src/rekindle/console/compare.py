"""What an edited configuration would change: pasted or uploaded, compared, and not stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.asked import Turns
from rekindle.api.middleware import MAX_BODY_BYTES
from rekindle.app import Engine
from rekindle.console.forms import Forms
from rekindle.console.pages import Pages
from rekindle.errors import ConfigInvalid, Forbidden
from rekindle.ports import Difference

MOST_PROBLEMS = 50
CHANGES: Mapping[str, str] = {
    "added": "New",
    "changed": "Changed",
    "renamed": "Renamed",
    "retired": "Would be retired",
    "same": "The same",
}
"""What an apply would do to a scenario."""


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario of the comparison."""

    one: Difference
    change: str
    gain: int
    lose: int
    stay: int


class ComparePages:
    """The comparison, for readers who may operate. One who is limited to organisations compares for
    their people."""

    def __init__(self, pages: Pages, forms: Forms, engine: Engine) -> None:
        self._pages = pages
        self._forms = forms
        self._engine = engine
        self._turns = Turns()

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/plan/compare", self.ask, methods=["GET"]),
            Route("/plan/compare", self.compare, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """The form."""
        self._operator(request)
        return await self._page(request, "", problems=(), rows=None)

    async def compare(self, request: Request) -> Response:
        """Compare what was sent with what is in force. A mistake keeps the text in the form."""
        actor = self._operator(request)
        sent = await self._forms.read(request, fields_of(request.headers.get("content-type", ""), await request.body()))
        text = sent.get("file") or sent.get("toml", "")
        if not text.strip():
            return await self._page(request, "", problems=("Paste a configuration, or choose a file.",), rows=None)
        try:
            async with self._turns.turn():
                found = await self._engine.difference_of(
                    text,
                    organisations=actor.limit(()),  # mutant: own-comparison
                )
        except ConfigInvalid as fault:
            problems = fault.problems or (fault.message,)
            return await self._page(request, text, problems=problems, rows=None)
        return await self._page(request, text, problems=(), rows=[_row(one) for one in found], limited=actor)

    def _operator(self, request: Request) -> Actor:
        actor = self._pages.reader(request)
        if not actor.allows("operate"):  # mutant: comparison-by-a-reader
            raise Forbidden
        return actor

    async def _page(
        self,
        request: Request,
        text: str,
        *,
        problems: Sequence[str],
        rows: Sequence[Row] | None,
        limited: Actor | None = None,
    ) -> Response:
        shown = None
        if rows is not None:
            shown = [row for row in rows if row.one.change != "same" or row.one.fault or row.gain or row.lose]
        return await self._pages.page(
            request,
            "compare.html",
            status=422 if problems else 200,
            toml=text,
            problems=problems[:MOST_PROBLEMS],
            further=max(0, len(problems) - MOST_PROBLEMS),
            rows=shown,
            same=0 if rows is None or shown is None else len(rows) - len(shown),
            gain=sum(row.gain for row in rows or ()),
            lose=sum(row.lose for row in rows or ()),
            carried=limited is not None and limited.unlimited,
            most=MAX_BODY_BYTES // 1024,
        )


def _row(one: Difference) -> Row:
    people = one.people
    return Row(one, CHANGES[one.change], people["gain"], people["lose"], people["stay"])


def fields_of(kind: str, body: bytes) -> Mapping[str, str]:
    """The fields of a form, which may have a file; of several with one name the first. Empty: it is
    none, or is not text in UTF-8."""
    try:
        if not kind.lower().startswith("multipart/form-data"):
            return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=20).items()}
        head = b"content-type: " + kind.encode("latin-1") + b"\r\n\r\n"
        fields: dict[str, str] = {}
        for part in message_from_bytes(head + body, policy=HTTP).iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes):
                fields.setdefault(name, content.decode("utf-8-sig"))
        return fields
    except (ValueError, LookupError):
        return {}
