"""/v1/people/{user_id}: erase a person, and export what the ledger has about one."""

from collections.abc import AsyncGenerator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.asked import Named, person_named
from rekindle.api.document import KEY, responses
from rekindle.api.models import ErasedPerson, PersonExport
from rekindle.app import Engine
from rekindle.errors import NotFound

Admin = Annotated[Actor, Depends(require("admin"))]
Force = Annotated[bool, Query(description="Erase also an active recipient, who may then be claimed again at once.")]


def erase_routes(engine: Engine) -> APIRouter:
    """The routes for a person's rights over their own data."""
    router = APIRouter(prefix="/v1/people", dependencies=KEY)

    @router.delete("/{user_id}", responses=responses(401, 403, 404, 409, 503))
    async def erase_person(user_id: Named, actor: Admin, force: Force = False) -> ErasedPerson:
        """Delete everything that the ledger has about a person, as `rekindle erase` does. Repeated,
        it finds nothing, and every number is 0. 409: the person is still an active recipient."""
        found = await person_to_erase(engine, actor, user_id)
        return ErasedPerson.model_validate(await engine.acting_as(actor).erase(found, force=force))

    @router.get(
        "/{user_id}/export",
        response_class=StreamingResponse,
        responses=responses(401, 403, 404, 409, 503) | {200: {"model": PersonExport}},
    )
    async def export_person(user_id: Named, actor: Admin) -> Response:
        """Everything that the ledger has about a person, as `rekindle export` prints it. It has no
        device token. If the connection breaks, the document is not complete."""
        found = await person_to_erase(engine, actor, user_id)
        pieces = engine.acting_as(actor).export(found)
        first = await anext(pieces)  # so that a database that does not answer is a problem with a status
        return StreamingResponse(_after(first, pieces), media_type="application/json")

    return router


async def person_to_erase(engine: Engine, actor: Actor, given: str) -> UUID:
    """Return the person that a path or a form names. The actor must see them: all organisations
    that the views and the ledger have for them are its own.

    Raises:
        NotFound: it does not. An unknown person is not found either.
        PersonAmbiguous: it is the id of several people.
    """
    user_id = await person_named(engine, actor, given)
    if actor.unlimited:
        return user_id
    organisations = await engine.organisations_of(user_id)
    if not organisations or not all(actor.sees(one) for one in organisations):  # mutant: organisations-of-a-person
        raise NotFound
    return user_id


async def _after(first: str, pieces: AsyncGenerator[str]) -> AsyncGenerator[str]:
    try:
        yield first
        async for piece in pieces:
            yield piece
    finally:
        await pieces.aclose()
