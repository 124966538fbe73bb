"""What is in force and what would happen now: scenarios, the plan, one person, schedules and
workers. Nothing is claimed or sent."""

from dataclasses import asdict, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.asked import Named, Organisation, Reader, Scenarios, Turns, User, person_named, seen
from rekindle.api.document import KEY, responses
from rekindle.api.explain_models import PersonShown
from rekindle.api.pages import Cursor, Cursors, Limit
from rekindle.api.plan_models import PlanPage, ScenarioPage, ScenarioShown, VersionPage
from rekindle.api.schedule_models import SchedulePage, WorkerPage
from rekindle.app import Engine
from rekindle.documents import (
    Document,
    candidate_document,
    explained_document,
    people_of,
    places_of,
    places_of_person,
    places_of_scenario,
    preview_document,
    scenario_document,
    schedule_document,
    version_document,
)
from rekindle.errors import NotFound

PLAN = Cursors("plan", (str, UUID))

Everywhere = Annotated[Actor, Depends(require("read", everywhere=True))]
Name = Annotated[str, Path(max_length=63, description="The name of a scenario.")]
Moment = Annotated[
    AwareDatetime | None, Query(description="A later moment, within 366 days, such as 2026-12-24T08:00:00Z.")
]
Claims = Annotated[int, Query(ge=1, le=1_000, description="The most past claims, newest first.")]


def plan_routes(engine: Engine) -> APIRouter:
    """The routes that read the configuration in force and evaluate people by it."""
    router = APIRouter(prefix="/v1", dependencies=KEY)
    plans, people = Turns(), Turns()

    @router.get(
        "/scenarios",
        tags=["scenarios"],
        summary="List scenarios",
        responses=responses(401, 403, 422, 503),
        response_model=ScenarioPage,
    )
    async def list_scenarios(actor: Reader) -> Document:
        """The scenarios in force, as `rekindle scenarios --json` shows them, on one page. A key
        that is limited to organisations sees their overrides, and no numbers, which count
        everybody."""
        return {"items": await shown(actor), "next": None}

    @router.get(
        "/scenarios/{name}",
        tags=["scenarios"],
        summary="Show a scenario",
        responses=responses(401, 403, 404, 422, 503),
        response_model=ScenarioShown,
    )
    async def show_scenario(name: Name, actor: Reader) -> Document:
        """One scenario in force."""
        found = [one for one in await shown(actor) if one["scenario_type"] == name]
        if not found:
            raise NotFound("no scenario of that name is in force", hint="GET /v1/scenarios lists them.")
        return found[0]

    async def shown(actor: Actor) -> list[Document]:
        statuses = await engine.scenarios()
        places = [place for one in statuses for place in places_of_scenario(one, actor.organisations)]
        names = await engine.place_names(places)
        return [scenario_document(one, names, sees=actor.organisations) for one in statuses]

    @router.get(
        "/scenarios/{name}/versions",
        tags=["scenarios"],
        summary="List the versions of a scenario",
        responses=responses(401, 403, 404, 422, 503),
        response_model=VersionPage,
    )
    async def list_versions(name: Name, actor: Reader) -> Document:
        """Every version of a scenario, also of one that is retired, newest first, as `rekindle
        scenarios --history --json` shows them, on one page."""
        versions = [one for one in await engine.versions() if one.scenario_type == name]
        if not versions:
            raise NotFound("there was never a scenario of that name", hint="GET /v1/scenarios lists them.")
        return {"items": [version_document(one, sees=actor.organisations) for one in versions], "next": None}

    @router.get(
        "/plan",
        tags=["plan"],
        summary="Plan a run",
        responses=responses(401, 403, 404, 422, 429, 503),
        response_model=PlanPage,
    )
    async def plan(
        actor: Reader,
        scenario: Scenarios = [],  # noqa: B006
        organisation: Organisation = None,
        user: User = None,
        at: Moment = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Document:
        """What a run would do now, or at a later moment: the numbers of each scenario, and the
        people who are due, in the order of a run.

        With `at`, that moment is judged by the rows of now, as by `rekindle plan --at`: what
        happens until then is not known, and the guard is not asked.

        Everybody is evaluated for each page, at a separate moment, so a person may become due, or
        be claimed, between two pages. One request at a time does this; others wait for up to 10 s.
        """
        asked = replace(seen(actor, organisation), user_id=user, after=PLAN.read(cursor), limit=limit + 1)
        async with plans.turn():
            page = await engine.plan_page(asked, scenarios=scenario, at=at)
        found, following = PLAN.page(page.people, limit, lambda one: (one.scenario_type, one.user_id))
        names = await engine.names(places_of(found), people_of(found))
        return {
            "at": at,
            "scenarios": [preview_document(one) for one in page.previews],
            "items": [candidate_document(one, names) for one in found],
            "next": following,
        }

    @router.get(
        "/people/{user_id}",
        tags=["people"],
        summary="Explain a person",
        responses=responses(401, 403, 404, 409, 422, 429, 503),
        response_model=PersonShown,
    )
    async def explain_person(
        user_id: Named,
        actor: Reader,
        scenario: Scenarios = [],  # noqa: B006
        limit: Claims = 5,
    ) -> Document:
        """Why a person gets a push now or does not, scenario by scenario, and their last claims, as
        `rekindle explain --json` shows them. A key that is limited to organisations finds their
        recipients."""
        async with people.turn():
            found = await person_named(engine, actor, user_id)
            person = await engine.explain(found, scenarios=scenario, limit=limit, sees=actor.organisations)
        if not person.standing.known:
            raise NotFound("no view and no record has this id", hint="Compare it with the recipient view.")
        return explained_document(person, await engine.place_names(places_of_person(person)))

    @router.get(
        "/schedules",
        tags=["schedules"],
        summary="List schedules",
        responses=responses(401, 403, 422, 503),
        response_model=SchedulePage,
    )
    async def list_schedules(actor: Reader) -> Document:
        """The schedules in force with their last and next instants, as `rekindle status --json`
        shows them, on one page. The last run is one of everybody, so a key that is limited to
        organisations does not see it."""
        found = await engine.schedules()
        return {"items": [schedule_document(one, sees=actor.organisations) for one in found], "next": None}

    @router.get(
        "/workers",
        tags=["schedules"],
        summary="List workers",
        responses=responses(401, 403, 422, 503),
        response_model=WorkerPage,
    )
    async def list_workers(actor: Everywhere) -> Document:
        """The workers that are alive, oldest first, as `rekindle status --json` shows them, on one
        page."""
        return {"items": [asdict(one) for one in await engine.workers()], "next": None}

    return router
