"""Evaluate two configurations of one scenario on one snapshot, and compare them person by
person."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, cast
from uuid import UUID

from rekindle.ports import Affected, Carried, Differences, Effect, Evaluation
from rekindle.postgres.evaluation import begin
from rekindle.postgres.names import carried
from rekindle.postgres.own_query import own_rows
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.scenario import OwnQuery

_ROWS = 1_000
_MEMORY_BYTES = 8 << 20
_NOBODY = bytes(16)
_WIDTH = 33
"""Bytes of a person: the id; whether there is an organisation; its id."""


class PostgresDifferences(Differences):
    """Differences over a pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, old: Evaluation | None, new: Evaluation | None) -> AsyncGenerator[Affected]:
        """Yield all people that either side would claim now, in order of user.

        Both sides are evaluated in one REPEATABLE READ transaction, at one moment of the ledger's
        clock. So a change meanwhile makes nobody gain or lose. The rows that they stage are rolled
        back. Only the team's query is read before, on a separate snapshot; a query that both sides
        have is read once. Each side's people are written to a file, 33 bytes per person, of which 8
        MB are in memory.
        """
        name = next((side.applied.scenario_type for side in (new, old) if side is not None), "")
        with SpooledTemporaryFile(_MEMORY_BYTES) as former, SpooledTemporaryFile(_MEMORY_BYTES) as latter:
            files = [cast("IO[bytes]", file) for file in (former, latter)]
            sides = [(side, file) for side, file in zip((old, new), files, strict=True) if side is not None]
            if old is not None and new is not None and old.same_as(new):
                await self._read(sides[:1])
                affected = (_affected(name, person, "stay") for person in _people(files[0]))
            else:
                await self._read(sides)
                affected = _merged(name, _people(files[0]), _people(files[1]))
            for person in affected:
                yield person

    async def carried(self, names: Sequence[str]) -> Carried:
        return await carried(self._database, names)

    async def _read(self, sides: Sequence[tuple[Evaluation, IO[bytes]]]) -> None:
        """Write the people that each side would claim to its file, in order of user."""
        if not sides:
            return
        seconds = sides[0][0].terms.timeout_seconds
        async with (
            _own_rows(self._database, [side for side, _ in sides]) as rows,
            self._database.snapshot(timeout_seconds=seconds) as connection,
        ):
            at = await (await connection.execute(statement("moment"))).fetchone()
            for (side, file), own in zip(sides, rows, strict=True):
                async with (
                    evaluating(f"scenario {side.applied.scenario_type}"),
                    connection.transaction(force_rollback=True),
                ):
                    moment = await begin(connection, side, own, at=at)
                    parameters = await moment.of(side.applied)
                    text = moment.statement("claimants", side.applied.scenario)
                    async with connection.cursor(name="rekindle_claimants") as cursor:
                        await cursor.execute(text, parameters)
                        while read := await cursor.fetchmany(_ROWS):
                            file.write(b"".join(_packed(row["user_id"], row["organisation_id"]) for row in read))


@asynccontextmanager
async def _own_rows(database: Database, sides: Sequence[Evaluation]) -> AsyncGenerator[list[Mapping[str, IO[bytes]]]]:
    """For each side, the rows of the team's queries, by scenario. A query that both sides have is
    run once."""
    async with AsyncExitStack() as stack:
        known: dict[str, IO[bytes]] = {}
        rows: list[Mapping[str, IO[bytes]]] = []
        for side in sides:
            asked = {
                applied.scenario_type: applied.scenario
                for applied in (*side.outranking, side.applied)
                if isinstance(applied.scenario, OwnQuery)
            }
            for name, scenario in asked.items():
                if (query := scenario.query or "") not in known:
                    own = own_rows(database, name, scenario, timeout_seconds=side.terms.timeout_seconds)
                    known[query] = await stack.enter_async_context(own)
            rows.append({name: known[scenario.query or ""] for name, scenario in asked.items()})
        yield rows


def _packed(user_id: UUID, organisation_id: UUID | None) -> bytes:
    return user_id.bytes + (b"\0" + _NOBODY if organisation_id is None else b"\1" + organisation_id.bytes)


def _people(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_WIDTH * _ROWS):
        yield from (block[start : start + _WIDTH] for start in range(0, len(block), _WIDTH))


def _affected(scenario_type: str, person: bytes, effect: Effect) -> Affected:
    organisation_id = UUID(bytes=person[17:]) if person[16] else None
    return Affected(scenario_type, UUID(bytes=person[:16]), organisation_id, effect)


def _merged(scenario_type: str, old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[Affected]:
    """Merge two streams that are in order of user. A person who stays has the organisation of the
    new side."""
    former, latter = next(old, None), next(new, None)
    while former is not None or latter is not None:
        if latter is not None and (former is None or latter[:16] < former[:16]):
            yield _affected(scenario_type, latter, "gain")
            latter = next(new, None)
        elif former is not None and (latter is None or former[:16] < latter[:16]):
            yield _affected(scenario_type, former, "lose")
            former = next(old, None)
        elif latter is not None:
            yield _affected(scenario_type, latter, "stay")
            former, latter = next(old, None), next(new, None)
