"""Confirm a run that the guard held back: the page of the run asks to look first, and this one asks
for the number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.asked import Turns
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.app.confirm import HeldRun
from rekindle.console.forms import Forms, number_in
from rekindle.console.held import held_now
from rekindle.console.pages import Pages
from rekindle.errors import ConfirmedTooFew, HeldByGuard, NotConfirmable, RunNotFound
from rekindle.model import Place

_OPERATE = require("operate")
State = Literal["open", "none", "confirmed", "old", "retired"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form has sent. `mistake`: what is wrong with it; `before`: the number that the page
    showed, if it has changed since."""

    typed: str = ""
    mistake: str | None = None
    before: int | None = None


_NOTHING = Asked()


class ConfirmPages:
    """The second of the two steps. It starts what the API's route starts: one run, however often
    it is confirmed."""

    def __init__(self, pages: Pages, forms: Forms, engine: Engine, runs: Runs) -> None:
        self._pages = pages
        self._forms = forms
        self._engine = engine
        self._runs = runs
        self._turns = Turns()

    def routes(self) -> list[Route]:
        """The routes."""
        path = "/runs/{run_id}/confirm"
        return [Route(path, self.ask, methods=["GET"]), Route(path, self.confirm, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """Which people it would reach now, and the field for their number."""
        actor = await _OPERATE(request)
        return await self._shown(request, await self._held(request, actor))

    async def confirm(self, request: Request) -> Response:
        """Start the run, if the number is the one that the page has shown."""
        actor = await _OPERATE(request)  # mutant: confirm-scope
        form = await self._forms.read(request)
        run = await self._held(request, actor)
        shown, typed = number_in(form.get("shown", "")), form.get("people", "").strip()
        if run.confirmed is None and (shown is None or number_in(typed) != shown):  # mutant: typed-number
            return await self._shown(request, run, Asked(typed, _mistake(typed, shown), shown), status=422)
        try:
            begun = await self._runs.confirm(run.run_id, shown or 0, actor)
        except ConfirmedTooFew:
            return await self._shown(request, run, Asked(before=shown), status=409)
        except NotConfirmable:
            return await self._shown(request, await self._held(request, actor), status=409)
        if begun.replayed:
            return await self._shown(request, await self._held(request, actor), status=409)
        return RedirectResponse(f"/runs/{begun.run_id}", status_code=303)

    async def _held(self, request: Request, actor: Actor) -> HeldRun:
        """The run that the path names.

        Raises:
            RunNotFound: there is none that the actor sees.
            NotConfirmable: the guard did not halt it.
        """
        try:
            run_id = UUID(request.path_params["run_id"])
        except ValueError:
            raise RunNotFound(hint="Open Runs.") from None
        found = await self._engine.held_run(run_id, sees=actor.organisations)  # mutant: own-confirmation
        if found is None:
            raise NotConfirmable("the guard did not halt this run", hint="Open Runs.")
        return found

    async def _shown(self, request: Request, run: HeldRun, asked: Asked = _NOTHING, *, status: int = 200) -> Response:
        held: Mapping[str, HeldByGuard] = {}
        if run.open:
            async with self._turns.turn():
                held = await self._engine.held_now(run)
        people = sum(one.people for one in held.values())
        names = await self._engine.place_names(Place(one) for one in run.organisations)
        [report] = await self._engine.runs(run_id=run.run_id)
        return await self._pages.page(
            request,
            "confirm.html",
            status=status,
            run=run,
            report=report,
            state=_state(run, people),
            held=held,
            people=people,
            compared=held_now(held.values()),
            tried=[
                one.applied.scenario_type
                for one in await self._engine.scenarios()
                if one.applied.scenario_type in held and one.applied.scenario.trial is not None
            ],
            organisations=[names.organisations.get(one) or str(one) for one in run.organisations],
            asked=asked,
        )


def _state(run: HeldRun, people: int) -> State:
    if run.confirmed is not None:
        return "confirmed"
    if not run.recent:
        return "old"
    if not run.scenarios:
        return "retired"
    return "open" if people else "none"


def _mistake(typed: str, shown: int | None) -> str:
    wanted = "the number of people" if shown is None else f"{shown:,}, the number of people"
    said = number_in(typed)
    return f"Type {wanted}." + ("" if said is None else f" You typed {said:,}.")
