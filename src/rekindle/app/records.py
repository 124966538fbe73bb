"""The part of the engine that reports what happened, and carries out an operator's decisions."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from rekindle.app.base import Base
from rekindle.effect.answers import Effect, effect
from rekindle.engine.scenarios import require_applied
from rekindle.errors import BadArgument, KeyTaken, NotFound, SettledOtherwise
from rekindle.model import Asked, KeyHolder, Report, Switch, Turned, UnknownSend
from rekindle.ports import Filter, Reached, ScenarioDay, ScenarioStatus, ScenarioVersion, Summary
from rekindle.postgres import switches
from rekindle.postgres.effect import trials_found
from rekindle.postgres.reached import reached
from rekindle.postgres.settle import Sends, settle, settled
from rekindle.postgres.summary import summary


class Records(Base):
    """What is applied and what happened; unknown sends and switches."""

    async def scenarios(self) -> list[ScenarioStatus]:
        """Every applied scenario with its latest numbers."""
        return await self._reports.scenarios()

    async def versions(self, *, scenarios: Sequence[str] = ()) -> list[ScenarioVersion]:
        """Every version of the scenarios, or of those named, newest first: when it was applied and
        by which role."""
        return await self._reports.versions(scenarios)

    async def scenario_days(self, scenario_type: str, days: Sequence[datetime]) -> list[ScenarioDay]:
        """What the runs of each of these days did for a scenario, also one that is retired. `days`
        are instants in order: each begins a day, and the last one ends the last day. Days without a
        run are left out."""
        return await self._reports.days(scenario_type, days)

    async def runs(
        self, *, run_id: UUID | None = None, limit: int = 20, sees: Collection[UUID] | None = None
    ) -> list[Report]:
        """The newest runs first, or the one that is named. With `sees`: only runs that are limited
        to some of these organisations."""
        return await self._reports.runs(run_id=run_id, limit=limit, sees=sees)

    async def report(self, *, within_seconds: float, sees: Collection[UUID] | None = None) -> Summary:
        """What became of the pushes of this time, by scenario and organisation: people reached,
        whether they came back, unknown sends, dead tokens, and why people who were due were not
        claimed. With `sees`: only those of these organisations."""
        return await summary(self._database, within_seconds=within_seconds, sees=sees)

    async def reached(self, days: Sequence[datetime], *, sees: Collection[UUID] | None = None) -> Reached:
        """People reached on each of these days, by scenario. `days` are instants in order: each
        begins a day, and the last one ends the last day. Runs under way do not count yet. With
        `sees`: the people of these organisations, from their newest records."""
        return await reached(self._database, days, sees=sees)

    async def effect(self, *, scenario_type: str | None = None, sees: Collection[UUID] | None = None) -> Effect:
        """What may be said of each trial, or of those of one scenario: whether its nudges bring
        people back. With `sees`: only of the people of these organisations. Without the extra
        `effect` it has the counts, and the error that says how to install it.

        Raises:
            UnknownScenario: no scenario of that name is applied, or ever had a trial.
        """
        found = await trials_found(self._database, scope=scenario_type, sees=sees, timezone=self.config.run.timezone)
        if scenario_type is not None and not found.trials:
            require_applied([scenario_type], await self.deps.store.applied())
        return await asyncio.to_thread(effect, found)

    async def asked(self, key: str) -> KeyHolder | None:
        """The last run that was asked for under the key; None if there is no such run."""
        return await self._reports.asked(key)

    async def run_under(self, asked: Asked) -> Report | None:
        """The run that was asked for in this way: under way or ended. None: there is none, or it is
        lost, was abandoned or could not start, so that it may begin again.

        Raises:
            KeyTaken: the key belongs to a run that was asked for differently.
        """
        found = await self.asked(asked.key)
        if found is None:
            return None
        if found.digest != asked.digest:
            raise KeyTaken(hint="Use a new key for a new request.")
        return None if found.free else (await self.runs(run_id=found.run_id))[0]

    async def deliveries(self) -> list[tuple[UUID, str]]:
        """Every device whose push was accepted, in order of claim: the claim, and the name that the
        provider gave."""
        return await self._reports.deliveries()

    async def unknown(self, *, limit: int = 100) -> list[UnknownSend]:
        """Sends whose outcome is unknown, newest first."""
        return await self._reports.unknown(Filter(limit=limit))

    async def settle(self, claim_id: UUID, *, provider_name: str | None) -> int:
        """Settle a claim's unknown sends as the operator decided; see
        `rekindle.postgres.settle.settle`."""
        return await settle(self._database, claim_id, provider_name=provider_name, entry=self._entry("unknown.settled"))

    async def sends_of(self, claim_id: UUID, *, sees: Collection[UUID] | None = None) -> Sends:
        """What has become of the sends of a claim.

        Raises:
            NotFound: the ledger has none of them, or they are of none of the organisations `sees`.
        """
        state = await settled(self._database, claim_id)
        if state is None or not (sees is None or state.organisation_id in sees):  # mutant: decision-elsewhere
            raise NotFound
        return state

    async def decide(self, claim_id: UUID, *, provider_name: str | None, sees: Collection[UUID] | None = None) -> int:
        """Settle a claim's unknown sends as `settle` does, and return how many of its sends have
        ended in this way. The same decision again changes nothing.

        Raises:
            NotFound: the claim never had an unknown send, or is of none of the organisations
                `sees`.
            SettledOtherwise: its sends have ended in another way; nothing has changed.
            BadArgument: another program has recorded its idempotency key, so it stays unknown.
        """
        state = await self.sends_of(claim_id, sees=sees)
        if state.unknown:
            fault = await self._settled(claim_id, provider_name)
            state = await settled(self._database, claim_id) or state
            if state.unknown and fault is not None:
                raise fault
        ended = state.not_sent if provider_name is None else state.names.count(provider_name)
        if ended:
            return ended
        if state.not_sent or state.names:
            raise SettledOtherwise
        raise NotFound

    async def _settled(self, claim_id: UUID, provider_name: str | None) -> BadArgument | None:
        """Settle it. Returns why that was not possible, as when a late answer was first."""
        try:
            await self.settle(claim_id, provider_name=provider_name)
        except BadArgument as fault:
            return fault
        return None

    async def switch(
        self,
        turned: Turned,
        *,
        scenario_type: str | None = None,
        organisation_id: UUID | None = None,
        reason: str | None = None,
    ) -> Switch:
        """Switch a scenario, an organisation or everything off, or on again. It takes effect at
        once. A switch that is in this state already, for this reason, is not changed.

        Raises:
            UnknownScenario: no scenario of that name is applied; nothing has changed.
        """
        if scenario_type is not None:
            require_applied([scenario_type], await self.deps.store.applied())
        entry = self._entry("switch.turned", scenario_type=scenario_type, organisation_id=organisation_id)
        return await switches.turn(self._database, turned, entry, reason=reason)

    async def switches(self, *, sees: Collection[UUID] | None = None) -> Sequence[Switch]:
        """Every switch that was ever turned, in its last state, newest first. With `sees`, only
        those of these organisations."""
        return await switches.switches(self._database, sees=sees)
