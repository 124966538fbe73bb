"""The part of the engine that reads long lists, a page at a time, for readers that may be limited
to some organisations."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rekindle.app.base import PLAN_SECONDS
from rekindle.app.questions import Questions
from rekindle.engine.preview import Preview
from rekindle.errors import CursorInvalid, NotFound, StatementTooSlow
from rekindle.model import Candidate, Report, UnknownSend
from rekindle.ports import Delivery, Filter, Notification, NotificationShown


@dataclass(frozen=True, slots=True)
class PlanPage:
    """One page of a plan: the numbers of each scenario, and some of the people who are due."""

    previews: Sequence[Preview]
    people: Sequence[Candidate]


class Pages(Questions):
    """Lists by key: see `rekindle.ports.lists.Filter`. Every page is read at a separate moment."""

    async def run_page(self, asked: Filter) -> Sequence[Report]:
        """Runs, newest first. The key is (started_at, run_id). A reader that is limited to
        organisations sees the runs that were limited to some of them."""
        return await self._reports.run_page(asked)

    async def notification_page(self, asked: Filter) -> Sequence[Notification]:
        """Records, newest first. The key is (dispatched_at, claim_id)."""
        return await self._lists.notifications(asked)

    async def notification(self, claim_id: UUID, *, sees: Collection[UUID] | None = None) -> NotificationShown:
        """The record of a claim, and what became of each of its devices.

        Raises:
            NotFound: there is none that the reader may see.
        """
        found = await self._lists.notification(claim_id, Filter(sees=sees))
        if found is None:
            raise NotFound
        claims = await self._explanations.history(found.user_id, claim_id=claim_id, sees=sees, limit=1)
        return NotificationShown(found, claims[0].units if claims else ())

    async def delivery_page(self, asked: Filter) -> Sequence[Delivery]:
        """Devices that accepted, in the order of their notifications. The key is (dispatched_at,
        claim_id, device_id)."""
        return await self._lists.deliveries(asked)

    async def unknown_page(self, asked: Filter) -> Sequence[UnknownSend]:
        """Sends whose outcome is unknown, newest first. The key is (armed_at, claim_id,
        device_id)."""
        return await self._reports.unknown(asked)

    async def plan_page(self, asked: Filter, *, scenarios: Sequence[str] = (), at: datetime | None = None) -> PlanPage:
        """The people who are due, now or at a later moment as in `plan`, in the order of a run. The
        key is (scenario_type, user_id).

        Everybody is evaluated for each page. Memory grows with the page and not with the number of
        people, and all of it takes at most `PLAN_SECONDS`.

        Raises:
            UnknownScenario, BadArgument: as for a plan.
            CursorInvalid: the scenario of the key is not part of the plan any more.
            StatementTooSlow: it took too long.
            DatabaseError: as for a plan.
        """
        organisations = asked.organisations
        if organisations == ():  # for a run, an empty selection is everybody
            return PlanPage((), ())
        try:
            async with asyncio.timeout(PLAN_SECONDS):
                return await self._plan_page(asked, scenarios, organisations or (), at)
        except TimeoutError:
            raise StatementTooSlow(
                f"the plan took longer than {PLAN_SECONDS:g} s", hint="Ask for fewer scenarios or organisations."
            ) from None

    async def _plan_page(
        self, asked: Filter, scenarios: Sequence[str], organisations: Sequence[UUID], at: datetime | None
    ) -> PlanPage:
        after_scenario: str | None
        after_user: UUID
        after_scenario, after_user = asked.after or (None, UUID(int=0))
        reached = asked.after is None
        previews: list[Preview] = []
        people: list[Candidate] = []
        steps = self.plan(scenarios=scenarios, organisations=organisations, user_id=asked.user_id, at=at)
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, Preview):
                    previews.append(step)
                    reached = reached or step.scenario_type == after_scenario
                elif len(people) < asked.limit and (
                    reached or (step.scenario_type == after_scenario and step.user_id > after_user)
                ):
                    people.append(step)
        if not reached:
            raise CursorInvalid(
                "the scenario of the cursor is not part of this plan", hint="Leave the cursor out to begin again."
            )
        return PlanPage(previews, people)
