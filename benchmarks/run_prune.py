"""Measures what pruning costs, and what its table `spent` adds to a claim.

First a claim of people who are all due: without `spent` ("bare"), with it, and after five pushes
each, recorded or pruned. Every measurement uses a fresh copy of one database, in turns, and the
processor time of the server process, as in run_policies. Then a prune of many notifications with
their deliveries, batch by batch. Only ratios within one table are meaningful.
"""

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from run_policies import Measured, Policies, fresh_copy, load, stages

from rekindle.embedded import EmbeddedPostgres
from rekindle.engine.prune import Pruner
from rekindle.policy import Retention
from rekindle.postgres import sql
from rekindle.postgres.pool import Database
from rekindle.postgres.prune import BATCH, PostgresPruning

DAY = 86_400
KEPT = Retention(
    notification=397 * DAY,
    outcome=90 * DAY,
    run=397 * DAY,
    gate=90 * DAY,
    disabled_token=397 * DAY,
    audit=397 * DAY,
    api_key=397 * DAY,
)

WITHOUT: LiteralString = """
create or replace function rekindle.sent(user_id uuid, scenario_type text)
returns table (occurrence text, evaluated_at timestamptz, at timestamptz)
language sql stable rows 2 as $$
  select n.occurrence, coalesce(n.cooldown_window_start, n.dispatched_at), n.dispatched_at
  from rekindle.scenario_notification n
  where n.user_id = sent.user_id and n.scenario_type = sent.scenario_type
  union all
  select o.occurrence, o.cooldown_window_start, o.at
  from rekindle.outcome o
  where o.user_id = sent.user_id and o.scenario_type = sent.scenario_type and o.outcome = 'unknown'
$$"""
# Five pushes of absences that are over.
RECORDED: LiteralString = """
insert into rekindle.scenario_notification (
    id, user_id, scenario_type, dispatched_at, idempotency_key, scenario_version, run_id, occurrence,
    cooldown_window_start)
  select gen_random_uuid(), user_id, 'nudge', now() - make_interval(days => 400 + n), gen_random_uuid()::text, 1,
         gen_random_uuid(), 'inactive:202' || n || '-01-01:14d', now() - make_interval(days => 400 + n)
  from team.person, generate_series(1, 5) n;
vacuum analyze rekindle.scenario_notification
"""
PRUNED: LiteralString = """
insert into rekindle.spent (user_id, scenario_type, occurrence, evaluated_at, at)
  select user_id, 'nudge', 'inactive:202' || n || '-01-01:14d', now() - make_interval(days => 400 + n),
         now() - make_interval(days => 400 + n)
  from team.person, generate_series(1, 5) n;
vacuum analyze rekindle.spent
"""
KEPT_ONE: LiteralString = """
insert into rekindle.spent (user_id, scenario_type, occurrence, evaluated_at, at)
  select user_id, 'nudge', 'inactive:2025-01-01:14d', now() - interval '400 days', now() - interval '400 days'
  from team.person;
vacuum analyze rekindle.spent
"""
EACH = (
    Policies("bare", prepared=(WITHOUT,)),
    Policies("spent is empty"),
    Policies("one occurrence each in spent", prepared=(KEPT_ONE,)),
    Policies("five occurrences each in spent", prepared=(PRUNED,)),
    Policies("five records each, not pruned", prepared=(RECORDED,)),
)
OLD: LiteralString = """
create table team.old as
  select gen_random_uuid() as id, user_id, n from team.person, generate_series(1, %s) n;
insert into rekindle.scenario_notification (
    id, user_id, scenario_type, dispatched_at, idempotency_key, scenario_version, run_id, occurrence,
    cooldown_window_start)
  select id, user_id, 'nudge', now() - make_interval(days => 400, hours => n), id::text, 1, id, 'own:' || n,
         now() - make_interval(days => 400, hours => n)
  from team.old;
insert into rekindle.delivery (
    claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name, accepted_at, attempts)
  select id, id, user_id, 'nudge', id, id, 'projects/p/messages/' || id,
         now() - make_interval(days => 400, hours => n), 1
  from team.old;
insert into rekindle.scenario (scenario_type, version, definition, fingerprint)
  values ('nudge', 1, '{"kind": "sql"}', repeat('0', 64));
drop table team.old;
vacuum analyze
"""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A prune: seconds per batch, and the size of the tables before and after it, in bytes."""

    batches: Sequence[float]
    rows: int
    before: int
    after: int
    spent: int


def main() -> None:
    """Measure and print both tables."""
    options = arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.2f}")
    print(
        f"{options.people:,} people due and claimed; median of {options.repeat} rounds, after one that is not counted"
    )
    print()
    rounds: list[dict[str, Measured]] = []
    with EmbeddedPostgres() as server:
        load(server.url, options.people)
        for number in range(options.repeat + 1):
            measured = {one.name: claimed(server.url, one, options.people) for one in EACH}
            if number:
                rounds.append(measured)
        print(f"{'':<34} claim s  ratio (min–max)")
        for one in EACH:
            ratios = [each[one.name].claim / each["bare"].claim for each in rounds]
            seconds = statistics.median(each[one.name].claim for each in rounds)
            print(
                f"{one.name:<34} {seconds:7.2f}  {statistics.median(ratios):5.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
            )
        print(flush=True)
        with fresh_copy(server.url, [OLD % options.each]) as url:
            show(asyncio.run(pruned(url)))


def arguments() -> argparse.Namespace:
    """The command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=10, help="old notifications of each person")
    parser.add_argument("--repeat", type=int, default=5, help="counted rounds")
    return parser.parse_args()


def claimed(maintenance: str, policies: Policies, people: int) -> Measured:
    """A claim on one copy; of `bare` by a statement that does not read the table."""
    whole = sql._text
    if policies.name == "bare":
        sql._text = _without
    sql.statement.cache_clear()
    try:
        with fresh_copy(maintenance, policies.prepared) as url:
            return asyncio.run(stages(url, policies, people, 0))
    finally:
        sql._text = whole
        sql.statement.cache_clear()


_whole = sql._text


def _without(path: str) -> str:
    text = _whole(path)
    if path != "parts/verdicts":
        return text
    begin = text.index("           or exists (select from rekindle.spent")
    return text[:begin].rstrip() + " as spent\n" + text[text.index("    from candidate", begin) :]


async def pruned(url: str) -> Deleted:
    """Prune everything that is old, and time each batch of notifications."""
    batches: list[float] = []

    class Timed(PostgresPruning):
        async def prune_batch(self, prunable: Any, *arguments: Any, **keys: Any) -> Any:
            began = time.perf_counter()
            batch = await super().prune_batch(prunable, *arguments, **keys)
            if prunable == "notification":
                batches.append(time.perf_counter() - began)
            return batch

    database = Database(url, connections=2)
    await database.open()
    try:
        before = size(url)
        done = await Pruner(Timed(database), KEPT).prune()
    finally:
        await database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum")
    sizes = size(url)
    return Deleted(batches, done.deleted["scenario_notification"], sum(before[:2]), sum(sizes[:2]), sizes[2])


def size(url: str) -> tuple[int, int, int]:
    """The bytes of the tables with their indexes."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select pg_total_relation_size('rekindle.scenario_notification'), "
            "pg_total_relation_size('rekindle.delivery'), pg_total_relation_size('rekindle.spent')"
        ).fetchone()
    assert row is not None
    return row


def show(done: Deleted) -> None:
    """Print the prune."""
    tenth = max(1, len(done.batches) // 10)
    first, last = statistics.median(done.batches[:tenth]), statistics.median(done.batches[-tenth - 1 : -1])
    longest = max(done.batches) / statistics.median(done.batches)
    print(f"{done.rows:,} notifications with their deliveries in {len(done.batches)} batches of {BATCH}:")
    print(f"{done.rows / sum(done.batches):,.0f} per second; a batch of the last tenth takes {last / first:.2f} of one")
    print(f"of the first; the longest {longest:.1f} of the median")
    print(f"spent: {done.spent / done.before:.2f} of the bytes of what was deleted, {done.spent / done.rows:.0f} each")


if __name__ == "__main__":
    main()
