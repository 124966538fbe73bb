"""The part of the engine that replays the past. Nothing is claimed or sent."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from rekindle.app.base import Base
from rekindle.engine.backtest import Backtest, backtest
from rekindle.engine.changes import edited
from rekindle.engine.scenarios import require_applied
from rekindle.errors import BadArgument, UnknownScenario
from rekindle.ports import Applied, Filter, SavedBacktest
from rekindle.postgres import backtests
from rekindle.postgres.backtest import PostgresReplays
from rekindle.postgres.sql import statement

Side = Literal["applied", "file"]
"""A configuration: the one in force, or this one, which may be edited."""

LEAST = timedelta(days=1)
MOST = timedelta(days=1_096)


class Backtests(Base):
    """What scenarios would have done in the past."""

    async def backtest(
        self,
        *,
        within_seconds: float,
        scenarios: Sequence[str] = (),
        compare: bool = False,
        seen: Callable[[int, int], None] | None = None,
    ) -> Mapping[Side, Backtest]:
        """What the scenarios in force would have done in this time before now, those that are named
        or all that are enabled; see `rekindle.engine.backtest.backtest`. To `compare`, this
        configuration is replayed too, applied or not. If nothing is applied, it alone is. `seen` is
        told how many ticks are done, and how many there are.

        A replay sees the frequency caps of the scenarios that it replays, and no others.

        Raises:
            UnknownScenario: there is no scenario, or a name is not one.
            BadArgument: the time is too short or too long, or a named scenario is not enabled.
            DatabaseError: the database does not answer, or this role may not make temporary tables.
        """
        length = timedelta(seconds=within_seconds)
        if not LEAST <= length <= MOST:
            raise BadArgument("a backtest is about 1 to 1,096 days", hint="Give --since 90d, for example.")
        sides = await self._sides(scenarios, compare=compare)
        until: datetime = (await self._database.row(statement("moment")))["at"].astimezone(UTC)
        done: dict[Side, Backtest] = {}
        for number, (side, applied) in enumerate(sides.items()):

            def told(ticks: int, total: int, before: int = number) -> None:
                if seen is not None:
                    seen(before * total + ticks, len(sides) * total)

            done[side] = await backtest(
                PostgresReplays(self._database),
                applied,
                self._terms(),
                self.config.run.guard(),
                since=until - length,
                until=until,
                seen=told,
            )
        return done

    async def save_backtest(
        self, sides: Mapping[Side, Backtest], result: Mapping[Side, Any], *, scenarios: Sequence[str] = ()
    ) -> SavedBacktest:
        """Store what `backtest` has returned, with `result`, the document of each side as JSON has
        it. Everybody who may read in all organisations can read it, until a prune deletes it with
        the runs of its time.

        Args:
            scenarios: those that the backtest was limited to.
        """
        one = next(iter(sides.values()))
        return await backtests.save(
            self._database,
            result,
            since=one.since,
            until=one.until,
            scenario_types=scenarios,
            entry=self._entry("backtest.saved", since=one.since.isoformat(), until=one.until.isoformat()),
        )

    async def saved_backtest(self, backtest_id: UUID) -> SavedBacktest | None:
        """The saved backtest of this id; None: there is none."""
        return await backtests.saved(self._database, backtest_id)

    async def saved_backtests(self, asked: Filter) -> Sequence[SavedBacktest]:
        """The page of saved backtests that is asked for by `after` and `limit`, newest first,
        without their numbers. The key of a row is its `saved_at` and its `backtest_id`."""
        return await backtests.saved_page(self._database, asked)

    async def _sides(self, names: Sequence[str], *, compare: bool) -> Mapping[Side, list[Applied]]:
        """The scenarios to replay, of each configuration that has some."""
        in_force = list(await self.deps.store.applied())
        sides: dict[Side, list[Applied]] = {
            "applied": in_force,
            "file": edited(self.config, await self._reports.names(self.config)),
        }
        if in_force and not compare:
            del sides["file"]
        every = [one for side in sides.values() for one in side]
        if not every:
            raise UnknownScenario("there is no scenario to replay", hint="Add one to rekindle.toml.")
        require_applied(names, every)
        chosen: dict[Side, list[Applied]] = {
            side: [
                one for one in scenarios if one.scenario.enabled_somewhere and (not names or one.scenario_type in names)
            ]
            for side, scenarios in sides.items()
        }
        if not any(chosen.values()):
            raise BadArgument(
                f"scenario {', '.join(names)} is not enabled" if names else "no scenario is enabled",
                hint="Set enabled = true in a copy of the file and name it with --config; nothing needs to be applied.",
            )
        return {side: scenarios for side, scenarios in chosen.items() if scenarios}
