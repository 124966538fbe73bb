"""What a request asks of a list: the parameters of the query that every list has."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.models import ScenarioType
from rekindle.api.pages import Cursor, Cursors, Limit
from rekindle.app import Engine
from rekindle.errors import NotFound, PersonAmbiguous, PersonUnknown, TooManyPlans
from rekindle.ports import Filter

TURN_SECONDS = 10.0
"""How long a request waits for its turn to evaluate people or to count for a report."""

Reader = Annotated[Actor, Depends(require("read"))]
Scenarios = Annotated[list[ScenarioType], Query(alias="scenario", max_length=100, description="Only these scenarios.")]
Scenario = Annotated[ScenarioType | None, Query(description="Only this scenario.")]
Organisation = Annotated[UUID | None, Query(description="Only this organisation.")]
User = Annotated[UUID | None, Query(description="Only this person.")]
Named = Annotated[
    str, Path(max_length=255, description="The person: their user_id, or the external_id of the recipient view.")
]
Since = Annotated[AwareDatetime | None, Query(description="Not before this instant.")]
Until = Annotated[AwareDatetime | None, Query(description="Before this instant.")]


async def person_named(engine: Engine, actor: Actor, given: str) -> UUID:
    """The person that a path names.

    Raises:
        NotFound: nobody has this id, or a limited actor names several people: which ones is not
            for it to know.
        PersonAmbiguous: it is the id of several people.
    """
    try:
        return await engine.person(given)
    except PersonUnknown:
        raise NotFound from None
    except PersonAmbiguous:
        if actor.unlimited:
            raise
        raise NotFound from None


class Asked:
    """The part of a list that a request asks for. The actor's organisations limit it, whatever else
    is asked.

    Raises:
        NotFound: the organisation is not one of the actor's.
    """

    def __init__(
        self,
        actor: Reader,
        scenario: Scenario = None,
        organisation: Organisation = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> None:
        self.limit = limit
        self._cursor = cursor
        self._filter = replace(
            seen(actor, organisation), scenario_type=scenario, since=since, until=until, limit=limit + 1
        )

    def of(self, cursors: Cursors, *, user_id: UUID | None = None) -> Filter:
        """The filter for a list with these cursors. It asks for one row more than the page has.

        Raises:
            CursorInvalid: the cursor is not one of this list.
        """
        return replace(self._filter, after=cursors.read(self._cursor), user_id=user_id)


def seen(actor: Actor, organisation: UUID | None) -> Filter:
    """The rows that an actor sees, of this organisation (None: of any).

    Raises:
        NotFound: the organisation is not one of the actor's. Nobody can tell whether it exists.
    """
    if organisation is not None and not actor.sees(organisation):  # mutant: asked-organisation
        raise NotFound("there is no such organisation", hint="Ask for an organisation of this key.")
    return Filter(sees=actor.organisations, organisation_id=organisation)


class Turns:
    """Lets one request at a time ask the database for long, so that runs keep their connections."""

    def __init__(self) -> None:
        self._busy = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for the turn, and have it for the block.

        Raises:
            TooManyPlans: it did not come in time.
        """
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._busy.acquire()
        except TimeoutError:
            raise TooManyPlans from None
        try:
            yield
        finally:
            self._busy.release()
