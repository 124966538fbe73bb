"""The pages for a coordinator: how are my people, and which of them should I call? In the reader's
language, with names instead of ids, and without the words of the engine."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from babel.numbers import format_decimal
from babel.support import NullTranslations
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.app import Engine
from rekindle.console.helps import HelpsPages
from rekindle.console.kept import Kept
from rekindle.console.languages import CHOSEN, LANGUAGES, language_of, translations
from rekindle.console.looks import YEAR_SECONDS
from rekindle.console.pages import Pages
from rekindle.console.tabs import Tab
from rekindle.effect.amounts import outwards
from rekindle.effect.answers import EVERYTHING, Answer, Effect
from rekindle.effect.trial import Word
from rekindle.engine.made_up import made_up
from rekindle.errors import NotFound
from rekindle.model import Place
from rekindle.ports import LookedAfter, ScenarioStatus, Told
from rekindle.scenario import AnyScenario

WEEKS = 8
AWAY = timedelta(days=14)
"""After a message; and for somebody that none can reach."""
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A person as the pages show them."""

    name: str | None
    chapter: str | None
    active_on: date | None
    away_weeks: int | None
    messages: int = 0
    """0: no message can reach them."""
    last_on: date | None = None
    what: str = ""
    back: bool = False


@dataclass(frozen=True, slots=True)
class Week:
    """The people who got a message in a week, and how many of them have been active since."""

    on: date
    people: int
    back: int


class MentorPages:
    """The pages of a reader who is limited to organisations; they show the people of these alone.
    For other readers there are none."""

    def __init__(self, pages: Pages, engine: Engine, helps: HelpsPages) -> None:
        self._pages = pages
        self._engine = engine
        self._helps = helps
        self._kept = Kept[LookedAfter]()

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/mentors", self.today, methods=["GET"]),
            Route("/mentors/messages", self.messages, methods=["GET"]),
            Route("/mentors/helps", self.helps, methods=["GET"]),
        ]

    async def today(self, request: Request) -> Response:
        """Who got a message, who came back, and who could use a personal word."""
        sees = self._sees(request)
        language = language_of(request)
        found = await self._kept.get(sees, lambda: self._look(sees))  # mutant: kept-people
        effect = await self._helps.effect(sees)
        names = await self._engine.place_names(
            [Place(one) for one in sees]
            + (
                []
                if found is None
                else [Place(None, one.chapter_id) for one in (*found.answer.told, *found.answer.alone)]
            )
        )
        called = await self._called(language)
        zone = self._pages.zone(request)
        shown: dict[str, Any] = {"found": found, "word": [], "got": [], "weeks": [], "got_back": 0}
        if found is not None:
            shown |= _shown(found.answer, names.chapters, called, zone)
        return await self._page(
            request,
            "mentors.html",
            **shown,
            organisations=[names.organisations.get(one) for one in sees],
            next=await self._next(called, zone),
            helps=None if effect is None else _plain(_of_messages(effect.answer)[:1], language, called),
            counting=found is None or effect is None,
            shown=SHOWN,
        )

    async def messages(self, request: Request) -> Response:
        """What is sent, as a made-up person of the reader's organisation would read it."""
        sees = self._sees(request)
        language = language_of(request)
        called = await self._called(language)
        now = datetime.now(self._pages.zone(request))
        texts: list[dict[str, Any]] = []
        for one in await self._engine.scenarios():
            variant = _variant(one.applied.scenario, sees)
            if one.applied.scenario.variants()[variant].enabled:
                texts += [
                    {
                        "name": called[one.applied.scenario_type],
                        "lang": text.locale,
                        "title": text.title,
                        "body": text.body,
                    }
                    for text in made_up(one.applied, locale=language, at=now, variant=variant)
                    if text.title is not None
                ]
        return await self._page(
            request, "mentors_messages.html", texts=texts, next=await self._next(called, self._pages.zone(request))
        )

    async def helps(self, request: Request) -> Response:
        """Whether the messages help, in plain words."""
        sees = self._sees(request)
        language = language_of(request)
        effect = await self._helps.effect(sees)
        called = await self._called(language)
        helps = [] if effect is None else _plain(_of_messages(effect.answer), language, called)
        return await self._page(request, "mentors_helps.html", helps=helps, counting=effect is None)

    def _sees(self, request: Request) -> frozenset[UUID]:
        """The organisations of the reader.

        Raises:
            NotFound: the reader sees all of them, and has other pages.
        """
        sees = self._pages.reader(request).organisations
        if sees is None:
            raise NotFound(hint="These pages are for readers of one organisation. Open Today.")
        return frozenset(sees)

    async def _look(self, sees: frozenset[UUID]) -> LookedAfter:
        return await self._engine.looked_after(sees, within=timedelta(weeks=WEEKS), away=AWAY)

    async def _called(self, language: str) -> Mapping[str, str]:
        """What each scenario is called in this language."""
        return Called(await self._engine.scenarios(), translations(language))

    async def _next(self, called: Mapping[str, str], zone: Any) -> list[tuple[datetime, str]]:
        schedules = sorted(await self._engine.schedules(), key=lambda one: one.next_at)
        return [(one.next_at.astimezone(zone), called[one.schedule.scenario_type]) for one in schedules]

    async def _page(self, request: Request, template: str, **values: Any) -> Response:
        language = language_of(request)
        text = translations(language).gettext
        tabs = [
            Tab("/mentors", text("Today"), exact=True),
            Tab("/mentors/messages", text("Messages")),
            Tab("/mentors/helps", text("Does it help")),
        ]
        answer = await self._pages.page(
            request,
            template,
            frame={"language": language, "tabs": tabs, "more": []},
            languages=LANGUAGES,
            **values,
        )
        if request.query_params.get("language") in LANGUAGES:
            answer.set_cookie(CHOSEN, language, max_age=YEAR_SECONDS, samesite="lax")
        return answer


def _variant(scenario: AnyScenario, sees: Collection[UUID]) -> int:
    """Which of `AnyScenario.variants` the people of a reader's organisation get; of several
    organisations, the usual one."""
    for number, override in enumerate(scenario.overrides, start=1):
        if override.place.chapter_id is None and {override.place.organisation_id} == set(sees):
            return number
    return 0


class Called(dict[str, str]):
    """What scenarios are called, by name. One that is not in force is called by its name."""

    def __init__(self, scenarios: Sequence[ScenarioStatus], texts: NullTranslations) -> None:
        super().__init__()
        gettext = texts.gettext
        kinds = {
            "inactivity": gettext("Not active for a while"),
            "onboarding": gettext("New, and not active yet"),
            "milestone": gettext("Many activities"),
            "expiry": gettext("Something expires soon"),
            "date": gettext("A special day"),
            "event": gettext("Something begins soon"),
        }
        of_kind = [one.applied.scenario.kind for one in scenarios]
        for one in scenarios:
            name, kind = one.applied.scenario_type, one.applied.scenario.kind
            # Two scenarios of one kind would otherwise be called the same.
            self[name] = kinds.get(kind, self[name]) if of_kind.count(kind) == 1 else self[name]

    def __missing__(self, name: str) -> str:
        return name.replace("_", " ").replace("-", " ").capitalize()


def _shown(found: LookedAfter, chapters: Mapping[UUID, str], called: Mapping[str, str], zone: Any) -> dict[str, Any]:
    """What the first page says of the people."""
    now = found.at.astimezone(zone)
    people: dict[UUID, list[Told]] = {}
    for one in found.told:
        people.setdefault(one.user_id, []).append(one)

    def row(messages: Sequence[Told]) -> Row:
        newest = messages[0]
        active = None if newest.active_at is None else newest.active_at.astimezone(zone).date()
        away = None if active is None else (now.date() - active).days // 7
        chapter = None if newest.chapter_id is None else chapters.get(newest.chapter_id)
        return Row(
            newest.name, chapter, active, away, len(messages), newest.at.astimezone(zone).date(),
            called[newest.scenario_type], newest.back,
        )  # fmt: skip

    week = [row(one) for one in people.values() if one[0].at > found.at - timedelta(days=7)]
    quiet = [row(one) for one in people.values() if one[0].at <= found.at - AWAY and not one[0].back]
    alone: list[Row] = []
    for one in found.alone:
        active = None if one.active_at is None else one.active_at.astimezone(zone).date()
        chapter = None if one.chapter_id is None else chapters.get(one.chapter_id)
        alone.append(Row(one.name, chapter, active, None if active is None else (now.date() - active).days // 7))
    return {
        "word": sorted([*quiet, *alone], key=lambda one: (one.active_on or date.min, one.name or "")),
        "got": week,
        "got_back": sum(1 for one in week if one.back),
        "weeks": _weeks(found, zone),
    }


def _weeks(found: LookedAfter, zone: Any) -> list[Week]:
    """Weeks from Monday on, the newest first, without those that are not counted as a whole."""
    today = found.at.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    oldest = found.since if found.all_told or not found.told else found.told[-1].at
    weeks: list[Week] = []
    for number in range(WEEKS):
        on = monday - timedelta(weeks=number)
        if on <= oldest.astimezone(zone).date():
            break
        got: dict[UUID, bool] = {}
        for one in found.told:
            if on <= one.at.astimezone(zone).date() < on + timedelta(weeks=1):
                got[one.user_id] = got.get(one.user_id, False) or one.back
        weeks.append(Week(on, len(got), sum(got.values())))
    return weeks


def _of_messages(effect: Effect) -> list[Answer]:
    """Of the trials, those that say whether messages help; not which text does."""
    return [one for one in effect.answers if one.found.texts is None]


def _plain(answers: Sequence[Answer], language: str, called: Mapping[str, str]) -> list[dict[str, Any]]:
    """What may be said of each trial, in words for somebody who has never seen one."""
    texts = translations(language)
    gettext = texts.gettext
    plain: list[dict[str, Any]] = []
    for answer in answers:
        scope = answer.found.scope
        a, b, c, d = answer.seen.counts
        rates: tuple[int, int] | None = None
        word = None if answer.read is None else answer.read.verdict.word
        interval = None if answer.read is None else answer.read.verdict.interval
        between = None
        if word is None:
            says = gettext("Not known: this server cannot calculate it.")
        elif word in (Word.BROKEN, Word.OUTCOME_FAILED):
            says = gettext("Not known: something is wrong with the measurement. Tell those who run the messages.")
        elif word is Word.HELPS:
            says = gettext("Yes. More people come back with a message than without one.")
        elif word is Word.HARMS:
            says = gettext("No, it does harm. Fewer people come back with a message than without one.")
        elif word is Word.SMALL:
            says = gettext("It makes no difference that matters.")
        elif word is Word.NOT_SEEN:
            says = gettext("No difference was seen.")
        else:
            says = gettext("Not known yet. It takes more time and more people to say.")
        if interval is not None:
            rates = (round(100 * a / (a + b)), round(100 * c / (c + d)))
            low, high = outwards(*interval)
            between = tuple(format_decimal(end, format="0.#;−0.#", locale=language) for end in (low, high))
        plain.append(
            {
                "name": gettext("All messages together") if scope == EVERYTHING else called[scope],
                "says": says,
                "rates": rates,
                "between": between,
                "days": answer.trial.horizon_days,
                "agreed_on": answer.trial.agreed_on,
                "over": answer.seen.on >= answer.trial.agreed_on,
                "held": round(100 * (1 - answer.trial.share)),
                "good": word is Word.HELPS,
            }
        )
    return plain
