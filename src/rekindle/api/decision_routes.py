"""What an operator decides: PUT /v1/switches, /v1/unknown/{claim_id} and /v1/installation. Each of
them may be sent again: it then changes nothing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.decisions import Adopted, Decided, Decision, SwitchRequest, SwitchTurned
from rekindle.api.document import KEY, responses
from rekindle.app import Engine
from rekindle.errors import Forbidden, NotFound

Operator = Annotated[Actor, Depends(require("operate"))]
Admin = Annotated[Actor, Depends(require("admin", everywhere=True))]


def decision_routes(engine: Engine) -> APIRouter:
    """The routes that carry out a decision."""
    router = APIRouter(prefix="/v1", dependencies=KEY)

    @router.put("/switches", responses=responses(401, 403, 404, 422, 503))
    async def turn_switch(request: SwitchRequest, actor: Operator) -> SwitchTurned:
        """Switch a scenario, an organisation or everything off, or on again. It takes effect at
        once, also in runs under way. A key that is limited to organisations must name one of
        them."""
        if request.organisation_id is None and not actor.unlimited:  # mutant: switch-of-everything
            raise Forbidden(f"this concerns every organisation, and {actor.label} is limited to some")
        if not actor.sees(request.organisation_id):  # mutant: switch-elsewhere
            raise NotFound
        switch = await engine.acting_as(actor).switch(
            request.turned,
            scenario_type=request.scenario_type,
            organisation_id=request.organisation_id,
            reason=request.reason,
        )
        return SwitchTurned.model_validate(switch)

    @router.put("/unknown/{claim_id}", responses=responses(401, 403, 404, 409, 422, 503))
    async def settle_claim(claim_id: UUID, request: Decision, actor: Operator) -> Decided:
        """Decide what became of the unknown sends of a claim: they were sent and are recorded, or
        they were certainly not sent, and the person may be claimed again. The decision cannot be
        changed: the opposite one is 409."""
        sends = await engine.acting_as(actor).decide(claim_id, provider_name=request.sent, sees=actor.organisations)
        return Decided(claim_id=claim_id, sent=request.sent is not None, sends=sends)

    @router.put("/installation", responses=responses(401, 403, 422, 503))
    async def adopt_installation(actor: Admin) -> Adopted:
        """Let runs send from this installation, as `rekindle installation adopt` does. Until then
        every run halts with RK211."""
        place = await engine.adopted()
        return Adopted(adopted=place or await engine.acting_as(actor).adopt())

    return router
