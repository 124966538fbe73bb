"""Measures the cost of the policies: claiming, arming and recording people who are all due, without
policies ("bare") and with each policy.

Every measurement uses a fresh copy of one database (embedded Postgres, its default, safe settings),
in turns. It measures the processor time of the server process, so waits for the disk and other load
on the machine count little. Only ratios within one table are meaningful. Everybody passes every
policy. The same people are claimed each time, so the difference is the cost of the decision.
"""

import argparse
import asyncio
import hashlib
import os
import platform
import statistics
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
from run_cycle import execute, named
from server_time import server_time

from rekindle.embedded import EmbeddedPostgres
from rekindle.engine.record import BATCH
from rekindle.model import Acceptance, Ending, Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import HELD_OUT, Applied, Evaluation, Terms
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import Database
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import fingerprint, parse_scenario, texts_sha256

TEMPLATE = "people"
SENT = 20_000
"""The number of claims that are armed and recorded. Their cost is per batch and does not grow."""

PEOPLE: LiteralString = """
create schema team;
create table team.chapter as
  select md5('c' || n)::uuid as chapter_id, (array['Europe/Oslo', 'Europe/Rome', null])[1 + n %% 3] as timezone
  from generate_series(1, 300) n;
create table team.organisation as
  select md5('o' || n)::uuid as organisation_id, 'Europe/Paris'::text as timezone from generate_series(1, 20) n;
create table team.person as
  select gen_random_uuid() as user_id,
         ((select array_agg(organisation_id) from team.organisation))[1 + n %% 20] as organisation_id,
         ((select array_agg(chapter_id) from team.chapter))[1 + n %% 300] as chapter_id,
         (array['Europe/Oslo', 'Europe/Berlin', 'Africa/Lagos', null])[1 + n %% 4] as timezone, 'en'::text as locale,
         true as active, 'Ada'::text as first_name
  from generate_series(1, %s) n;
create table team.activity as
  select user_id, now() - interval '20 days' as activity_date from team.person;
create table team.device as
  select user_id, 'token-' || user_id as token, 'token'::text as target_kind, 'android'::text as platform,
         null::timestamptz as last_registered_at
  from team.person;
create table team.preference as
  select user_id, 'newsletter'::text as scenario_type, true as opted_out from team.person where random() < 0.1;
create index on team.person (user_id);
create index on team.activity (user_id, activity_date);
create index on team.device (user_id);
create index on team.preference (user_id);
create schema rekindle_source;
create view rekindle_source.recipient as select * from team.person;
create view rekindle_source.activity as select * from team.activity;
create view rekindle_source.device_token as select * from team.device;
"""
CHAPTERS: LiteralString = """
create view rekindle_source.chapter as select chapter_id, timezone from team.chapter;
create view rekindle_source.organisation as select organisation_id, timezone from team.organisation;
"""
PREFERENCES: LiteralString = "create view rekindle_source.preference as select * from team.preference;"
# Everybody has one other place, and half of the people a third one: 1.5 memberships each.
MEMBERSHIPS: LiteralString = """
create table team.membership as
  select user_id, ((select array_agg(organisation_id) from team.organisation))[1 + n % 20] as organisation_id,
         ((select array_agg(chapter_id) from team.chapter))[1 + n % 300] as chapter_id
  from (select user_id, row_number() over (order by user_id) * 7 + other * 3 as n
        from team.person cross join generate_series(1, 2) other
        where other = 1 or get_byte(uuid_send(user_id), 0) < 128) m;
create index on team.membership (user_id);
vacuum analyze team.membership;
create view rekindle_source.membership as select * from team.membership;
"""
# Everybody was claimed three times under a cap, long enough ago to be claimed again.
COUNTED: LiteralString = """
insert into rekindle.cap (user_id, counted)
  select user_id, jsonb_build_object(gen_random_uuid(), extract(epoch from now()) - 8 * 86400,
    gen_random_uuid(), extract(epoch from now()) - 9 * 86400, gen_random_uuid(), extract(epoch from now()) - 86400 * 2)
  from team.person;
vacuum analyze rekindle.cap;
"""
SWITCHED: LiteralString = """
insert into rekindle.switch (scenario_type, organisation_id, turned)
  select 'nudge', gen_random_uuid(), 'off' from generate_series(1, 20);
"""
# Half of the people are held out of the programme, and half of the others of the scenario.
TRIAL: LiteralString = """
insert into rekindle.trial (scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at)
  select '*', 'person', 5000, 1209600, repeat('0', 64), 0.05, current_date + 30, now() + interval '45 days';
"""
OWN_TRIAL: LiteralString = """
insert into rekindle.trial (scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at)
  select 'nudge', 'person', 5000, 1209600, repeat('0', 64), 0.05, current_date + 30, now() + interval '45 days';
"""
# Everybody had two pushes, in absences that are over.
RECORDED: LiteralString = """
insert into rekindle.scenario_notification (
  id, user_id, scenario_type, dispatched_at, idempotency_key, occurrence, cooldown_window_start)
  select gen_random_uuid(), user_id, 'nudge', at, gen_random_uuid(),
         'inactive:' || (at - interval '14 days')::date || ':14d', at
  from team.person cross join lateral (
    select now() - make_interval(days => 100 * n) as at from generate_series(1, 2) n) pushed;
vacuum analyze rekindle.scenario_notification;
"""
# The first of the two pushes had the scenario's former name.
RENAMED: LiteralString = """
insert into rekindle.scenario (scenario_type, version, definition, fingerprint, retired)
  values ('former', 1, '{}', repeat('0', 64), true), ('nudge', 1, '{"was": "former"}', repeat('0', 64), false);
drop trigger never_changed on rekindle.scenario_notification;
update rekindle.scenario_notification set scenario_type = 'former' where dispatched_at < now() - interval '150 days';
vacuum analyze rekindle.scenario_notification;
"""
TEXTS = {
    "text": {"B": {"weight": "50%", "message": {"en": {"title": "Hello", "body": "You"}}}},
    "text_trial": {"until": "2099-01-01"},
}
TEXT_TRIAL: LiteralString = """
insert into rekindle.trial (scope, unit, texts, text_ends, texts_sha256, horizon_seconds, outcome_sha256, worth,
                            until_on, agreed_at)
  select 'text:nudge', 'person', '{A,B}', '{5000,10000}', repeat('0', 64), 1209600, repeat('0', 64), 0.05,
         current_date + 30, now() + interval '45 days';
"""
AMOUNTS: LiteralString = """
alter table team.activity add column amount numeric default 12.5;
drop view rekindle_source.activity;
create view rekindle_source.activity as select * from team.activity;
"""
NO_TRIGGER: LiteralString = "drop trigger recount on rekindle.gate;"


def at_hour(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=ahead)).strftime("%H:00")


QUIET = {"quiet_hours": f"{at_hour(8)}-{at_hour(12)}"}
WEEKDAYS = {"weekdays": [day for n, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
                         if n != (datetime.now(UTC) + timedelta(days=3)).weekday()]}  # fmt: skip
SEND_AT = {"send_at": f"{at_hour(-2)}-{at_hour(3)}"}
CAPS = {"caps": ["2 per 1d", "3 per 7d"]}


def place(letter: str, number: int) -> str:
    """The id of organisation (o) or chapter (c) number n."""
    return str(UUID(hashlib.md5(f"{letter}{number}".encode(), usedforsecurity=False).hexdigest()))


# Every organisation and every chapter has a different override: 320 overrides. A chapter always
# belongs to the same organisation.
OVERRIDES = {
    "overrides": [
        *({"organisation_id": place("o", n), "changes": {"cooldown": 86_400 + n}} for n in range(1, 21)),
        *(
            {
                "organisation_id": place("o", (n - 1) % 20 + 1),
                "chapter_id": place("c", n),
                "changes": {"after": [5 + n % 10], "relevance": 3_600 + n},
            }
            for n in range(1, 301)
        ),
    ]
}
BACK_OFF = {"back_off": 2, "limit": 3}
DAYS = {"since": "2020-01-01", "max_age": "180d", "until": "2099-01-01"}
ALL = QUIET | SEND_AT | WEEKDAYS | CAPS | OVERRIDES | BACK_OFF


@dataclass(frozen=True, slots=True)
class Policies:
    """The scenario's policies, and the statements that prepare the copy."""

    name: str
    keys: Mapping[str, object] = field(default_factory=dict[str, object])
    prepared: tuple[LiteralString, ...] = ()
    before: int = 0
    earlier: tuple[str, ...] = ()
    kind: Mapping[str, object] = field(default_factory=lambda: {"kind": "inactivity", "after": ["14d"]})


EACH = (
    Policies("bare"),
    Policies("bare, without the trigger", prepared=(NO_TRIGGER,)),
    Policies("zones of chapter and organisation", prepared=(CHAPTERS,)),
    Policies("opt-out", prepared=(PREFERENCES,)),
    Policies("quiet hours", QUIET),
    Policies("send_at", SEND_AT),
    Policies("weekdays", WEEKDAYS),
    Policies("caps, first time", CAPS),
    Policies("caps, three claims counted", CAPS, (COUNTED,)),
    Policies("limit and back-off", BACK_OFF),
    Policies("320 overrides", OVERRIDES),
    Policies("memberships", prepared=(MEMBERSHIPS,)),
    Policies("memberships, 320 overrides", OVERRIDES, (MEMBERSHIPS,)),
    Policies("trial of the programme", prepared=(TRIAL,)),
    Policies("trials of programme and scenario", prepared=(TRIAL, OWN_TRIAL)),
    Policies("two texts", TEXTS, (TEXT_TRIAL,)),
    Policies("all", ALL, (CHAPTERS, PREFERENCES, COUNTED, SWITCHED)),
    Policies("all, and one goes before", ALL, (CHAPTERS, PREFERENCES, COUNTED, SWITCHED), before=1),
    Policies("since, max_age and until", DAYS),
    Policies("key of the occurrence", {"key": "occurrence"}),
    Policies("all, days, memberships", ALL | DAYS, (CHAPTERS, PREFERENCES, COUNTED, SWITCHED, MEMBERSHIPS), before=1),
    Policies("two earlier pushes", prepared=(RECORDED,)),
    Policies("two earlier pushes, one by another name", prepared=(RECORDED, RENAMED), earlier=("former",)),
    Policies("a milestone on a count", kind={"kind": "milestone", "at": [1]}, prepared=(AMOUNTS,)),
    Policies("a milestone on a sum", kind={"kind": "milestone", "at": [10], "of": "sum"}, prepared=(AMOUNTS,)),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Processor seconds of the stages on one copy."""

    claim: float
    arm: float
    record: float


def main() -> None:
    """Measure and print one table."""
    options = arguments()
    sent = min(SENT, options.people)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.2f}")
    print(f"{options.people:,} people due and claimed, {sent:,} armed and recorded in batches of {BATCH};")
    print(f"median of {options.repeat} rounds, after one that is not counted; ratios to bare within the round.")
    print()
    chosen = [one for one in EACH if not options.only or one.name in ("bare", *options.only)]
    rounds: list[dict[str, Measured]] = []
    with EmbeddedPostgres() as server:
        load(server.url, options.people)
        for number in range(options.repeat + 1):
            measured = {one.name: measure(server.url, one, options.people, sent) for one in chosen}
            if number:
                rounds.append(measured)
    print(f"{'':<40} claim s  ratio (min–max)    arm µs   ratio  record µs   ratio")
    for one in chosen:
        print(row(one.name, rounds, sent), flush=True)


def arguments() -> argparse.Namespace:
    """The command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5, help="counted rounds")
    parser.add_argument("--only", nargs="+", choices=[one.name for one in EACH], help="only these, and bare")
    return parser.parse_args()


def load(maintenance: str, people: int) -> None:
    """Fill the template database with the ledger and the people, and analyse it."""
    execute(maintenance, f"create database {TEMPLATE}")
    url = named(maintenance, TEMPLATE)
    asyncio.run(migrate(url))
    with psycopg.connect(url, autocommit=True) as connection:
        for step in (PEOPLE % people).split(";\n"):
            connection.execute(step.encode())
        connection.execute("vacuum analyze")


@contextmanager
def fresh_copy(maintenance: str, prepared: Sequence[LiteralString]) -> Generator[str]:
    """A copy of the template database with its prepared tables, dropped afterwards."""
    execute(maintenance, f"create database measured template {TEMPLATE} strategy file_copy")
    url = named(maintenance, "measured")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for step in (one for text in prepared for one in text.split(";\n") if one.strip()):
                connection.execute(step.encode())
            connection.execute("checkpoint")
        yield url
    finally:
        execute(maintenance, "drop database measured with (force)")


def measure(maintenance: str, policies: Policies, people: int, sent: int) -> Measured:
    """Measure one set of policies on one copy."""
    with fresh_copy(maintenance, policies.prepared) as url:
        return asyncio.run(stages(url, policies, people, sent))


async def stages(url: str, policies: Policies, people: int, sent: int) -> Measured:
    """Claim everybody, arm and record some, and check that nobody was missed."""
    one = replace(applied("nudge", {**policies.kind, **policies.keys}), earlier=policies.earlier)
    # These claim everybody too, and the caps leave room for both.
    above = [applied(f"before{n}", {**policies.kind, **policies.keys, "priority": 90}) for n in range(policies.before)]
    selection = Selection(scenarios=("nudge",))
    execute(url, f"update rekindle.trial set texts_sha256 = '{texts_sha256(one.scenario)}' where texts is not null")
    database = Database(url, connections=1)
    await database.open()
    try:
        spent = await server_time(database)
        store = PostgresStore(database)
        run_id = await store.open_run(budget_seconds=600, dispatcher="log")
        terms = Terms(timezone="Europe/Oslo", timeout_seconds=600)
        began = spent()
        evaluation = Evaluation(one, selection, above, terms)
        numbers = await store.claim(run_id, evaluation, reserved_seconds=600, guard=UNGUARDED)
        claim = spent() - began
        if numbers.claimed != people:
            raise SystemExit(f"{policies.name}: {numbers.claimed:,} claimed, {dict(numbers.refusals)}")
        arm = record = 0.0
        for _ in range(sent // BATCH):
            units = await store.leased(run_id, selection, limit=BATCH)
            began = spent()
            armed = await store.arm(units, lease_seconds=60)
            arm += spent() - began
            began = spent()
            sent_units = [unit for unit in units if armed[unit.claim_id, unit.device_id] == "armed"]
            verdicts = await store.record(run_id, [Acceptance(unit, f"name/{uuid4()}") for unit in sent_units])
            await store.finish(run_id, [Ending(unit, "held_out", "trial") for unit in units if unit not in sent_units])
            record += spent() - began
            if not set(armed.values()) <= {"armed", HELD_OUT} or set(verdicts) != {"recorded"}:
                raise SystemExit(f"{policies.name}: {set(armed.values())}, {set(verdicts)}")
        return Measured(claim, arm, record)
    finally:
        await database.close()


def applied(name: str, keys: Mapping[str, object]) -> Applied:
    """A scenario with these keys, as if applied."""
    text = {"en": {"title": "t", "body": "b"}}
    scenario = parse_scenario({"cooldown": "7d", "message": text, **keys})
    return Applied(name, 1, scenario, fingerprint(scenario))


def row(name: str, rounds: Sequence[dict[str, Measured]], sent: int) -> str:
    """One line of the table."""

    def ratios(stage: str) -> list[float]:
        return [getattr(one[name], stage) / getattr(one["bare"], stage) for one in rounds]

    claim, arm, record = (
        statistics.median(getattr(one[name], s) for one in rounds) for s in ("claim", "arm", "record")
    )
    spread = f"{statistics.median(ratios('claim')):5.2f} ({min(ratios('claim')):.2f}–{max(ratios('claim')):.2f})"
    return (
        f"{name:<40} {claim:7.2f}  {spread:<18} {arm / sent * 1e6:6.1f}  {statistics.median(ratios('arm')):6.2f}"
        f"  {record / sent * 1e6:9.1f}  {statistics.median(ratios('record')):6.2f}"
    )


if __name__ == "__main__":
    main()
