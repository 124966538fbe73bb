"""Does it help: what may be said of each trial, with pictures, and what became of the pushes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.app import Engine
from rekindle.console import words
from rekindle.console.kept import Counted, Kept
from rekindle.console.pages import Pages
from rekindle.documents import places_of
from rekindle.effect.answers import EVERYTHING, Answer, Effect
from rekindle.effect.lines import headline, key, named, notes, terms, title
from rekindle.effect.trial import Word
from rekindle.errors import NotFound
from rekindle.model import REASONS, PlaceNames
from rekindle.pictures.effect import may_be_read, pictures, side_by_side
from rekindle.pictures.page import Picture
from rekindle.ports import PlaceSummary, Summary

DAYS = (7, 30, 90)
"""The times that the report may be about."""

MOST_PLACES = 50
"""Rows of the report. `rekindle report` has all of them."""

_TAGS: Mapping[Word, tuple[str, str]] = {
    Word.HELPS: ("ok", "ok"),
    Word.HARMS: ("stop", "stop"),
    Word.BROKEN: ("stop", "stop"),
    Word.OUTCOME_FAILED: ("stop", "stop"),
    Word.SMALL: ("", "skip"),
    Word.NOT_SEEN: ("", "skip"),
    Word.NOT_KNOWN: ("", "skip"),
}
"""The colour and the icon of a word; those of the others are those of waiting."""


@dataclass(frozen=True, slots=True)
class Row:
    """A trial as the pages show it, or a scenario that has none."""

    name: str
    path: str | None
    """Of its page; None: there is no trial."""
    tag: tuple[str, str, str]
    text: str
    """What follows the word."""
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The word of a trial, and when it was counted."""

    tag: tuple[str, str, str]
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture whose chart and numbers are HTML."""

    heading: str
    words: str
    chart: Markup
    numbers: Markup


@dataclass(frozen=True, slots=True)
class Reported:
    """One row of the report."""

    place: PlaceSummary
    where: str | None


class HelpsPages:
    """The pages of the trials and of the report. A reader who is limited to organisations sees the
    people of these alone, as in the API."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine
        self._effects = Kept[Effect]()
        self._reports = Kept[Summary]()

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/helps", self.listed, methods=["GET"]),
            Route("/helps/{name}", self.one, methods=["GET"]),
        ]

    async def listed(self, request: Request) -> Response:
        """All trials side by side, and what became of the pushes."""
        sees = self._pages.reader(request).organisations
        days = next((one for one in DAYS if str(one) == request.query_params.get("days")), DAYS[1])
        effect = await self.effect(sees)
        report = await self._reports.get((days, sees), lambda: self._report(days, sees))
        most = [] if report is None else _most(report.answer)
        names = await self._engine.place_names(places_of(most))
        applied = [one.applied.scenario_type for one in await self._engine.scenarios()]
        return await self._pages.page(
            request,
            "helps.html",
            rows=[] if effect is None else _rows(effect.answer, applied),
            pictures=[] if effect is None else [_drawn(one) for one in side_by_side(effect.answer.answers)],
            fault=None if effect is None else effect.answer.fault,
            effect=effect,
            report=report,
            days=days,
            choices=DAYS,
            reported=[Reported(one, _where(one, names)) for one in most],
            more_places=0 if report is None else max(0, len(report.answer.places) - MOST_PLACES),
            refused=[] if report is None else _refused(report.answer),
        )

    async def one(self, request: Request) -> Response:
        """One trial with its pictures."""
        sees = self._pages.reader(request).organisations
        name = request.path_params["name"]
        effect = await self.effect(sees)
        answers = () if effect is None else effect.answer.answers
        answer = next((one for one in answers if key(one) == name), None)
        row = None if effect is None else _no_trial(name) if answer is None else _row(answer)
        if answer is None:
            applied = [one.applied.scenario_type for one in await self._engine.scenarios()]
            if name not in applied and (effect is not None or name != EVERYTHING):
                raise NotFound(hint="Open Does it help.")
            return await self._pages.page(request, "help.html", name=name, row=row, effect=effect, fault=None)
        return await self._pages.page(
            request,
            "help.html",
            name=name,
            row=row,
            effect=effect,
            fault=None if effect is None else effect.answer.fault,
            terms=terms(answer),
            notes=[line for line in notes(answer) if not line.startswith("earlier ")],
            earlier=[(terms(one), headline(one)) for one in answer.earlier],
            compare=list(_compare(answer)),
            trusted=list(_trusted(answer)),
            pictures=[_drawn(one) for one in pictures(answer)],
        )

    async def effect(self, sees: Collection[UUID] | None) -> Counted[Effect] | None:
        """What may be said of every trial, also on the page of one: its words must not differ from
        page to page."""
        key = None if sees is None else frozenset(sees)  # mutant: kept-for-others
        return await self._effects.get(key, lambda: self._engine.effect(sees=sees))  # mutant: own-helps

    def said(self, sees: Collection[UUID] | None) -> Mapping[str, Said]:
        """What was last said of the trial of each scenario to readers of these organisations. It
        counts nothing, so it is empty until somebody has opened one of these pages."""
        found = self._effects.latest(None if sees is None else frozenset(sees))
        if found is None:
            return {}
        rows = (_row(one) for one in found.answer.answers)
        return {one.path: Said(one.tag, one.text, found.at) for one in rows if one.path is not None}

    async def _report(self, days: int, sees: Collection[UUID] | None) -> Summary:
        return await self._engine.report(within_seconds=days * 86_400, sees=sees)  # mutant: own-helps-report


def _rows(effect: Effect, applied: Sequence[str]) -> list[Row]:
    """Each trial, then the scenarios in force that have none."""
    rows = [_row(one) for one in effect.answers]
    tried = {one.name for one in rows}
    return rows + [_no_trial(name) for name in sorted(applied) if name not in tried]


def _row(answer: Answer) -> Row:
    scope = key(answer)
    name = "The whole programme" if scope == EVERYTHING else title(answer)
    if answer.read is None:
        return Row(name, scope, ("", "wait", "Counts only"), headline(answer), answer)
    said = answer.read.verdict
    word = named(said.word, answer)
    colour, icon = _TAGS.get(said.word, ("", "wait"))
    text = said.text.removeprefix(word).removeprefix(":").strip() or word
    return Row(name, scope, (colour, icon, word[:1].upper() + word[1:]), text, answer)


def _no_trial(name: str) -> Row:
    return Row(name, None, ("", "skip", "Not known"), "nobody is held out")


def _compare(answer: Answer) -> Iterator[tuple[str, str, int, int]]:
    """The two arms, if their rates may be shown: the held out first."""
    a, b, c, d = answer.seen.counts
    if may_be_read(answer) and a + b and c + d:
        texts = answer.found.texts
        yield f"Text {texts.first}" if texts else "Held out, not nudged", "soft", c, c + d
        yield f"Text {texts.other}" if texts else "Nudged", "bar", a, a + b


def _trusted(answer: Answer) -> Iterator[tuple[bool, str]]:
    """What must be true of a trial whose word counts."""
    found, (nudged, held) = answer.found, answer.seen.enrolled
    yield (
        not found.misplaced,
        "Everybody is in the group they were drawn into"
        if not found.misplaced
        else f"{words.people(found.misplaced)} in another group than drawn",
    )
    if found.texts is None:
        yield (
            not found.delivered,
            "Nobody held out was sent anything"
            if not found.delivered
            else f"{words.number(found.delivered)} sent to people who are held out",
        )
    if nudged + held:
        share, meant = 100 * nudged / (nudged + held), 100 * answer.trial.share
        broken = answer.read is not None and answer.read.verdict.word is Word.BROKEN
        yield not broken, f"{share:.1f} % {answer.trial.arms.nudged}; {meant:.4g} % was meant"


def _most(report: Summary) -> list[PlaceSummary]:
    """The places with the most pushes, in the order of the report."""
    most = sorted(report.places, key=lambda one: (-one.pushes, one.scenario_type))[:MOST_PLACES]
    shown = {(one.scenario_type, one.organisation_id) for one in most}
    return [one for one in report.places if (one.scenario_type, one.organisation_id) in shown]


def _where(one: PlaceSummary, names: PlaceNames) -> str | None:
    if one.organisation_id is None:
        return None
    return names.organisations.get(one.organisation_id) or str(one.organisation_id)


def _refused(report: Summary) -> list[tuple[str, list[tuple[str, str, int, float]]]]:
    """By scenario: the words, the code, the number of each reason, and its share of the most."""
    shown: list[tuple[str, list[tuple[str, str, int, float]]]] = []
    for name, reasons in report.refusals.items():
        most = max(reasons.values(), default=1) or 1
        ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        shown.append((name, [(REASONS.get(code, code), code, n, 100 * n / most) for code, n in ordered]))
    return shown


def _drawn(one: Picture) -> Drawn:
    # The charts escape each text that they write.
    return Drawn(one.heading, one.words, Markup(one.chart), Markup(one.numbers))  # noqa: S704
