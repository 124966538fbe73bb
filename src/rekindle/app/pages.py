"""The part of the engine that reads long lists, a page at a time, for readers that may be limited
to some organisations."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from rekindle.app.base import PLAN_SECONDS
from rekindle.app.questions import Questions
from rekindle.engine.preview import Preview
from rekindle.errors import CursorInvalid, NotFound, StatementTooSlow
from rekindle.model import Candidate, Report, UnknownSend
from rekindle.ports import Delivery, Filter, Notification, NotificationShown

_DAY = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


@dataclass(frozen=True, slots=True)
class PlanPage:
    """One page of a plan: the numbers of each scenario, and some of the people who are due.
    `days`: by scenario, how many people that a run would claim have an occasion of which day, if
    its name says it."""

    previews: Sequence[Preview]
    people: Sequence[Candidate]
    days: Mapping[str, Mapping[date, int]] = field(default_factory=dict[str, Mapping[date, int]])


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

    async def plan_page(
        self,
        asked: Filter,
        *,
        scenarios: Sequence[str] = (),
        at: datetime | None = None,
        claimed: bool | None = None,
    ) -> PlanPage:
        """The people who are due, now or at a later moment as in `plan`, in the order of a run. The
        key is (scenario_type, user_id). With `claimed`: only those that a run would claim, or only
        the others.

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
                return await self._plan_page(asked, scenarios, organisations or (), at, claimed)
        except TimeoutError:
            raise StatementTooSlow(
                f"the plan took longer than {PLAN_SECONDS:g} s", hint="Ask for fewer scenarios or organisations."
            ) from None

    async def _plan_page(
        self,
        asked: Filter,
        scenarios: Sequence[str],
        organisations: Sequence[UUID],
        at: datetime | None,
        claimed: bool | None,
    ) -> PlanPage:
        after_scenario: str | None
        after_user: UUID
        after_scenario, after_user = asked.after or (None, UUID(int=0))
        reached = asked.after is None
        previews: list[Preview] = []
        people: list[Candidate] = []
        days: dict[str, Counter[date]] = {}
        steps = self.plan(scenarios=scenarios, organisations=organisations, user_id=asked.user_id, at=at)
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, Preview):
                    previews.append(step)
                    reached = reached or step.scenario_type == after_scenario
                    continue
                claims = step.refusal is None
                if claims and (day := _day_of(step.occurrence)) is not None:
                    days.setdefault(step.scenario_type, Counter())[day] += 1
                if claimed is not None and claims != claimed:
                    continue
                if len(people) < asked.limit and (
                    reached or (step.scenario_type == after_scenario and step.user_id > after_user)
                ):
                    people.append(step)
        if not reached:
            raise CursorInvalid(
                "the scenario of the cursor is not part of this plan", hint="Leave the cursor out to begin again."
            )
        return PlanPage(previews, people, days)


def _day_of(occurrence: str) -> date | None:
    """The day in the name of an occasion, such as inactive:2026-11-02:21d."""
    found = _DAY.search(occurrence)
    try:
        return None if found is None else date.fromisoformat(found[0])
    except ValueError:
        return None
