"""A team with two organisations in which everything that the API shows has happened twice: once in
ours, once in theirs. A key that is limited to ours must never meet theirs."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command, engine_over, environment
from conftest import Server, as_worker
from rekindle.access import SCOPES
from rekindle.configuration import load_config
from rekindle.ports import Grant
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, fill_team, name_organisations, person, write_config

OURS, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)
SCENARIO = "inactivity"
BACKTEST = "0f7c3a52-9b1e-4c7d-8a55-2d1b6a9e4f00"
"""The id of one that was saved. It counts everybody."""
PEOPLE = 4
"""In each organisation. What is sent to the last one has an unknown outcome."""
NAMES = {OURS: "granvik", THEIRS: "oldhaven"}
MEMBERS = {
    OURS: [person(number) for number in range(1, PEOPLE + 1)],
    THEIRS: [person(number) for number in range(PEOPLE + 1, 2 * PEOPLE + 1)],
}

CONFIG = (
    TEAM_CONFIG.replace("scenario.nudge", f"scenario.{SCENARIO}")
    .replace('kind = "sql"', 'kind = "sql"\nschedule = "7 9 * * *"\nschedule_timezone = "Europe/Oslo"')
    .replace("7d", "20h")
)
OVERRIDES = "".join(
    f'\n[organisation."{organisation}".scenario.{SCENARIO}]\nmessage.en.title = "{name} {{first_name}}"\n'
    for organisation, name in NAMES.items()
)


@dataclass(frozen=True, slots=True)
class Half:
    """What there is of one organisation. `named` has an id of it for each name of a parameter."""

    named: dict[str, str]
    marks: frozenset[str]
    """Every id and text that shows something of it."""


@dataclass(frozen=True, slots=True)
class World:
    """The server, the keys by name, and the two organisations."""

    api: Served
    team: Team
    keys: dict[str, str]
    ours: Half
    theirs: Half


@contextmanager
def two_organisations(server: Server, sandbox: Sandbox, folder: Path) -> Iterator[World]:
    """The world, with keys of each scope: unlimited ones by the name of the scope, and those that
    are limited to ours as `limited read` and so on."""
    url = server.clone("template_world", fill_team)
    try:
        team = Team(url)
        keys = _fill(team, sandbox, folder)
        command = Command(folder, environment(as_worker(server, url), sandbox)).having(REKINDLE_API_KEY=KEY)
        with serving(command, "--requests-per-minute", 1_000_000) as api:
            yield World(api, team, keys, _half(team, OURS), _half(team, THEIRS))
    finally:
        server.drop(url)


def _fill(team: Team, sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """The people, then a run, an unknown send and a switch in each organisation; and the keys."""
    name_organisations(team)
    team.people(2 * PEOPLE)
    for organisation, people in MEMBERS.items():
        name = NAMES[organisation]
        team.execute("update team.organisation set name = %s where organisation_id = %s", name, organisation)
        team.execute(
            "update team.person set organisation_id = %s, first_name = %s where user_id = any (%s)",
            organisation,
            name,
            people,
        )
    config = load_config(write_config(folder, CONFIG + OVERRIDES))
    sandbox.faults([{"match": {"target": f"t{n}-1"}, "respond": {"status": 503}} for n in (PEOPLE, 2 * PEOPLE)])

    keys: dict[str, str] = {}

    async def happen() -> None:
        async with engine_over(team.url, sandbox, config) as engine:
            await engine.apply()
            for organisation, name in NAMES.items():
                await engine.run(organisations=[organisation])
                await engine.switch("off", scenario_type=SCENARIO, organisation_id=organisation, reason=name)
            for scope in SCOPES:
                keys[scope] = (await engine.create_key(Grant(scope, scope, (), None))).secret
                keys[f"limited {scope}"] = (await engine.create_key(Grant(f"l-{scope}", scope, (OURS,), None))).secret

    asyncio.run(happen())
    sandbox.faults([])
    team.execute(
        "insert into rekindle.backtest (backtest_id, saved_by, since, until, result) "
        """values (%s, 'me', now() - interval '30 days', now(), '{"applied": {"ticks": 30}}')""",
        BACKTEST,
    )
    return keys


def _half(team: Team, organisation: uuid.UUID) -> Half:
    """What there is of an organisation in the database."""
    people = MEMBERS[organisation]
    queries: dict[str, LiteralString] = {
        "run_id": "select run_id from rekindle.run where %s = any (organisations)",
        "recorded_claim_id": "select id from rekindle.scenario_notification where organisation_id = %s order by id",
        "claim_id": "select claim_id from rekindle.outbox where state = 'unknown' and organisation_id = %s",
    }
    found = {name: [str(row[0]) for row in team.rows(query, organisation)] for name, query in queries.items()}
    assert [len(ids) for ids in found.values()] == [1, PEOPLE - 1, 1], found
    found |= {"organisation_id": [str(organisation)], "user_id": [str(one) for one in people]}
    marks = {one for ids in found.values() for one in ids} | {NAMES[organisation]}
    named = {name: ids[0] for name, ids in found.items()}
    named |= {"organisation": named["organisation_id"], "user": named["user_id"]}
    return Half(named, frozenset(marks))
