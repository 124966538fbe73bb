"""What every page has: the frame, the reader's name and organisations, and the pages for errors."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from rekindle.access import Actor
from rekindle.api.problems import RETRY_AFTER_SECONDS, status_of
from rekindle.app import Engine
from rekindle.app.version import version
from rekindle.console import languages, words
from rekindle.console.browser import theme_of, zone_of
from rekindle.console.languages import LANGUAGES, translations
from rekindle.console.sessions import Sessions
from rekindle.console.tabs import MORE, TABS
from rekindle.errors import Forbidden, KeyRefused, MethodRefused, RekindleError, RouteUnknown, TokenRefused
from rekindle.foreign import label
from rekindle.model import Place
from rekindle.scenario import SignInConfig

MAX_FIELDS = 20
_Frame = Mapping[str, Any] | None
_SHOWN = 3
"""How many organisations of a limited reader the header names."""


class Pages:
    """Makes pages of templates."""

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        self._engine = engine
        self._sessions = sessions
        self._zone = ZoneInfo(engine.config.run.timezone or "UTC")
        self._templates = {language: _templates(language) for language in LANGUAGES}
        self._fixed = {
            "issuer": _issuer(engine.config.sign_in),
            "version": version(),
            "words": words,
            "percent": words.percent,
            "there": self._there,
        }
        self._paths: frozenset[str] = frozenset()

    def clock(self, request: Request) -> str:
        """The time of the day, with seconds, in the zone of the reader."""
        return f"{datetime.now(self.zone(request)):%H:%M:%S}"

    def know(self, paths: Iterable[str]) -> None:
        """These pages exist, so that others may link to them."""
        self._paths = frozenset(path.split("/")[1] for path in paths)

    def _there(self, path: str) -> bool:
        return path.split("/")[1] in self._paths

    def zone(self, request: Request) -> ZoneInfo:
        """The time zone of the reader: that of the browser, if it says one that is known here, and
        otherwise that of `[run]`, or UTC."""
        return zone_of(request) or self._zone

    def reader(self, request: Request) -> Actor:
        """The actor of the request, who may read.

        Raises:
            Forbidden: it may not.
        """
        actor: Actor = request.state.actor
        if not actor.allows("read"):
            raise Forbidden
        return actor

    async def page(
        self, request: Request, template: str, *, status: int = 200, frame: _Frame = None, **values: Any
    ) -> Response:
        """A page for a reader who is signed in. `frame` and `values`: see `part`."""
        where = await self._where(self.reader(request))
        frame = {**(frame or {}), "where": where}
        return HTMLResponse(self.part(request, template, frame=frame, **values), status_code=status)

    def plain(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page that asks the database nothing. It has the tabs of the reader, if they are signed
        in."""
        return HTMLResponse(self.part(request, template, **values), status_code=status)

    def part(self, request: Request, template: str, *, frame: _Frame = None, **values: Any) -> str:
        """A part of a page, as HTML, or a whole one.

        Args:
            frame: what is otherwise in the frame than on the other pages, such as the tabs.
            values: what the template names.

        Raises:
            ValueError: one of `values` has a name of the frame, which would then show it.
        """
        actor: Actor | None = getattr(request.state, "actor", None)
        session = None if actor is None else self._sessions.of(request)
        zone = self.zone(request)
        usual: dict[str, Any] = {
            "actor": actor,
            "where": None,
            "form": None if session is None else session.form,
            "path": request.url.path,
            "tabs": [] if actor is None else [tab for tab in TABS if tab.shown(actor)],
            "more": [] if actor is None else [tab for tab in MORE if tab.shown(actor)],
            "language": "en",
            "theme": theme_of(request),
            "zone": zone.key,
            "zone_of": "your zone" if zone_of(request) else "the zone of the server",
            "now": datetime.now(zone),
        }
        usual = {**self._fixed, **usual, **(frame or {})}
        if taken := usual.keys() & values.keys():
            raise ValueError(f"the frame of the pages has these names already: {', '.join(sorted(taken))}")
        return self._templates[usual["language"]].get_template(template).render({**usual, **values})

    async def refused(self, request: Request, fault: Exception) -> Response:
        """The page for an error of a call."""
        return self.at_the_door(request.scope, fault if isinstance(fault, RekindleError) else RekindleError())

    async def not_routed(self, request: Request, fault: Exception) -> Response:
        """The page for a path or a method that there is not."""
        missing = getattr(fault, "status_code", 404) == 404
        hint = "Open Today." if missing else "Use the links and buttons of the pages."
        return self.at_the_door(request.scope, (RouteUnknown if missing else MethodRefused)(hint=hint))

    def at_the_door(self, scope: Scope, fault: RekindleError) -> Response:
        """A reader who is not signed in gets the form, and otherwise the page for the error. It
        needs no database, so it works without one."""
        if isinstance(fault, (KeyRefused, TokenRefused)):
            query = scope.get("query_string", b"").decode("latin-1")
            path = scope["path"] + (f"?{query}" if query else "")
            answer = RedirectResponse(f"/sign-in?next={quote(path, safe='')}", status_code=303)
            self._sessions.end(answer)
            return answer
        status = status_of(fault, scope["method"])
        answer = self.plain(Request(scope), "error.html", status=status, fault=fault, status_code=status)
        if status in (429, 503):
            answer.headers["retry-after"] = str(RETRY_AFTER_SECONDS)
        if status in (408, 413):
            answer.headers["connection"] = "close"
        return answer

    async def _where(self, actor: Actor) -> str:
        """Which organisations the reader sees."""
        if actor.organisations is None:
            return "all organisations"
        shown = sorted(actor.organisations)[:_SHOWN]
        names = await self._engine.place_names(Place(one) for one in shown)
        more = len(actor.organisations) - len(shown)
        named = ", ".join(names.organisations.get(one) or str(one) for one in shown)
        return (named or "no organisation") + (f" and {more} more" if more else "")


def _templates(language: str) -> Environment:
    """The templates with the texts of a language."""
    templates: Any = Environment(
        loader=PackageLoader("rekindle.console"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    templates.install_gettext_translations(translations(language), newstyle=True)
    templates.filters.update({**languages.FILTERS, **_FILTERS})
    return templates


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form; of several with one name the first."""
    try:
        fields = parse_qs((await request.body()).decode(), max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _issuer(config: SignInConfig | None) -> str | None:
    """How the page to sign in names the issuer; None: nobody signs in by its page."""
    if config is None or config.console is None or config.console.client_id is None:
        return None
    return config.console.name or urlsplit(config.issuer).hostname


def _label(text: object) -> str:
    """A text from outside as one printable line."""
    return label(str(text), most=1_000) or "–"


@pass_context
def _moment(page: Context, at: datetime) -> Markup:
    """When something is or was, in the zone of the reader: "Today 09:07"."""
    now: datetime = page["now"]
    return _time(at, words.moment(at, now))


@pass_context
def _when(page: Context, at: datetime) -> Markup:
    """The same within a sentence: "today 09:07"."""
    now: datetime = page["now"]
    text = words.moment(at, now)
    near = text.startswith(("Yesterday", "Today", "Tomorrow"))
    return _time(at, text[0].lower() + text[1:] if near else text)


@pass_context
def _clock(page: Context, at: datetime) -> Markup:
    """The time of the day, with seconds, in the zone of the reader."""
    now: datetime = page["now"]
    return _time(at, f"{at.astimezone(now.tzinfo):%H:%M:%S}")


@pass_context
def _until(page: Context, at: datetime) -> str:
    """How long until something: "in 2 h 11 min"."""
    return f"in {words.span((at - page['now']).total_seconds())}"


@pass_context
def _ago(page: Context, at: datetime) -> str:
    """How long ago something was: "1 s ago"."""
    return f"{words.span((page['now'] - at).total_seconds())} ago"


def _time(at: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), text)


_FILTERS: dict[str, Any] = {
    "label": _label,
    "people": words.people,
    "number": words.number,
    "moment": _moment,
    "when": _when,
    "clock": _clock,
    "until": _until,
    "ago": _ago,
}
