"""A run does for each of thousands of people, in every situation, what `plan` predicted."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from rekindle import Engine
from rekindle.engine.preview import Preview
from rekindle.errors import Disposition
from rekindle.model import Accepted, Message, Outcome, Refused, Uncertain
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import SHOW_AMOUNTS, TEXT, Programme, open_programme

pytestmark = pytest.mark.slow

server = one_server

PEOPLE = 3_600
# Thursday evening and Friday afternoon, UTC: two cycles about one organisation each; then Friday
# night, when it is Saturday in half of the world.
EARLIER = [("2026-05-07 18:00:00+00", UUID(int=1)), ("2026-05-08 15:00:00+00", UUID(int=2))]
NOW = "2026-05-08 22:30:00+00"
LATER = "2026-05-14 15:15:00+00"

# h(n, what) is a number from 0 to 9,999 for person n. It looks random and is the same every time.
FILL = """
create function team.h(n int, what text) returns int language sql immutable as
  $$ select abs(hashtext(n || what)) % 10000 $$;
create function team.id(n int, what text) returns uuid language sql immutable as $$ select md5(what || n)::uuid $$;
insert into team.organisation values
  ('00000000-0000-0000-0000-000000000001', 'America/Bogota'), ('00000000-0000-0000-0000-000000000002', 'Europe/Osl0'),
  ('00000000-0000-0000-0000-000000000003', null);
insert into team.chapter
  select team.id(n, 'chapter'), (array['America/Lima', 'Asia/Tokyo', 'CEST', null])[1 + n % 4]
  from generate_series(0, 11) n;
insert into team.person
  select team.id(n, 'person'), ('00000000-0000-0000-0000-00000000000' || 1 + team.h(n, 'org') % 3)::uuid,
         (array['America/New_York', 'America/Los_Angeles', 'America/Sao_Paulo', 'UTC', 'Europe/Oslo', 'Asia/Kathmandu',
                'Nowhere/At_All', null, null, null])[1 + team.h(n, 'zone') % 10],
         'en', team.h(n, 'active') > 500, 'Ada', team.id(team.h(n, 'chapter') % 13, 'chapter')
  from generate_series(1, {people}) n;
insert into team.activity
  select team.id(n, 'person'),
         timestamptz '2026-05-08 12:00+00' - make_interval(days => team.h(n, 'last') % 50, hours => k * 30),
         team.h(n, 'amount' || k) % 6
  from generate_series(1, {people}) n, generate_series(0, 6) k where k < team.h(n, 'often') % 8;
insert into team.certificate
  select team.id(n, 'certificate' || k), team.id(n, 'person'), 'First aid',
         date '2026-05-07' + team.h(n, 'expires' || k) % 60
  from generate_series(1, {people}) n, generate_series(0, 2) k where k < team.h(n, 'certificates') % 3;
insert into team.device
  select team.id(n, 'person'), 'token-' || n || '-' || k, 'token', null
  from generate_series(1, {people}) n, generate_series(1, 2) k where k <= team.h(n, 'devices') % 4;
insert into team.preference
  select team.id(n, 'person'), (array['inactivity', 'expiry', 'urgent', null])[1 + team.h(n, 'which') % 4],
         team.h(n, 'yes') % 2 = 0
  from generate_series(1, {people}) n where team.h(n, 'preference') < 2000;
insert into team.wanted
  select team.id(n, 'person'), 'once', '{{}}' from generate_series(1, {people}) n where team.h(n, 'wanted') < 3000;
analyze;
"""
CONFIG = Config.model_validate({
    "run": {"max_share": "none", "max_times_median": "none"},
    "dispatcher": {"kind": "log"},
    "policy": {
        "quiet_hours": "21:00-08:00",
        "weekdays": ["mon", "tue", "wed", "thu", "fri"],
        "caps": ["1 per 1d", "2 per 7d"],
    },
    "scenario": {
        "expiry": {"kind": "expiry", "before": ["30d", "7d"], "cooldown": "20h", "priority": 90, "message": TEXT},
        "milestone": {"kind": "milestone", "at": [3, 5], "cooldown": "7d", "priority": 70, "send_at": "16:00-21:00",
                      "message": TEXT},
        "inactivity": {"kind": "inactivity", "after": ["14d"], "cooldown": "7d", "priority": 30, "message": TEXT},
        # It ends while it is Friday night in UTC, east of it.
        "hours": {"kind": "milestone", "of": "sum", "at": [5, 15], "since": "2026-04-01", "max_age": "30d",
                  "until": "2026-05-09", "cooldown": "7d", "priority": 20, "message": TEXT},
        "urgent": {
            "kind": "sql", "query": "select user_id, occurrence, variables from team.wanted", "cooldown": "7d",
            "still_due": "select user_id from team.wanted where get_byte(uuid_send(user_id), 0) < 128",
            "priority": 10, "critical": True, "message": TEXT,
        },
    },
})  # fmt: skip


def answer(message: Message) -> Outcome:
    """Most are accepted; some are refused for now or for good, and some are unknown."""
    match message.user_id.int % 20:
        case 0:
            return Refused(Disposition.DROP, "rejected")
        case 1:
            return Refused(Disposition.RETRY, "unavailable", retry_after=60.0)
        case 2:
            return Uncertain("timeout")
        case _:
            return Accepted(f"name/{message.claim_id}/{message.target}")


@asynccontextmanager
async def history(url: str) -> AsyncGenerator[tuple[Programme, Engine]]:
    """Two cycles have run and left behind what real runs leave. It is Friday night."""
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    async with open_programme(url) as programme:
        await programme.sql.execute(FILL.format(people=PEOPLE).encode())
        await programme.sql.execute(SHOW_AMOUNTS)
        async with Engine.open(settings, CONFIG, dispatcher=ScriptedDispatcher(answer)) as engine:
            await engine.apply()
            for at, organisation in EARLIER:
                await programme.at(at)
                await engine.run(organisations=[organisation])
            await programme.at(NOW)
            await engine.deps.store.sweep()
            yield programme, engine


Verdicts = dict[tuple[str, UUID], str]


async def planned(
    engine: Engine, scenarios: Sequence[str], at: datetime | None = None
) -> tuple[dict[str, Preview], Verdicts]:
    previews: dict[str, Preview] = {}
    verdicts: Verdicts = {}
    async with aclosing(engine.plan(scenarios=scenarios, at=at)) as steps:
        async for one in steps:
            if isinstance(one, Preview):
                previews[one.scenario_type] = one
            else:
                verdicts[one.scenario_type, one.user_id] = one.refusal or "claimed"
    return previews, verdicts


async def claimed(programme: Programme, run_id: UUID) -> set[tuple[str, UUID]]:
    """The people that the run claimed, by the present state of their claims."""
    rows = await programme.rows(
        "select scenario_type, user_id from rekindle.outbox where claimed_run_id = %s union "
        "select scenario_type, user_id from rekindle.delivery where claimed_run_id = %s union "
        "select scenario_type, user_id from rekindle.outcome where claimed_run_id = %s",
        *[run_id] * 3,
    )
    return {(row["scenario_type"], row["user_id"]) for row in rows}


async def written(programme: Programme) -> list[dict[str, Any]]:
    """All rows of the tables that a claim writes."""
    tables = ("gate", "cap", "outbox", "scenario_notification", "outcome", "run", "run_scenario")
    each = [f"select '{one}' as name, coalesce(jsonb_agg(t order by t::text), '[]') as rows from rekindle.{one} t"
            for one in tables]  # fmt: skip
    return await programme.rows(" union all ".join(each))


REFUSALS = {
    "opted_out", "already_notified", "in_flight", "cooldown", "no_timezone", "weekday", "quiet_hours", "send_hour",
    "frequency_cap", "no_token",
}  # fmt: skip


@pytest.mark.parametrize("scenarios", [[], ["inactivity"], ["milestone", "urgent"]])
async def test_a_run_does_for_each_person_what_the_plan_before_it_predicted(
    database_url: str, scenarios: list[str]
) -> None:
    async with history(database_url) as (programme, engine):
        before = await written(programme)
        previews, verdicts = await planned(engine, scenarios)
        assert await written(programme) == before
        ahead = await planned(engine, scenarios, datetime.fromisoformat(LATER))
        assert ahead[1] != verdicts
        assert await written(programme) == before
        await programme.at(LATER)
        assert await planned(engine, scenarios) == ahead, "the plan of a later moment is the one that is made then"
        await programme.at(NOW)
        report = await engine.run(scenarios=scenarios)
        assert {one.scenario_type for one in report.scenarios} == previews.keys() == set(scenarios or CONFIG.scenario)
        for one in report.scenarios:
            said = previews[one.scenario_type]
            assert (one.evaluated, one.not_due, one.claimed) == (said.evaluated, said.not_due, said.would_claim)
            assert dict(one.refusals) == dict(said.refusals)
            by_person = Counter(verdict for (name, _), verdict in verdicts.items() if name == one.scenario_type)
            assert by_person == Counter(one.refusals) + Counter({"claimed": one.claimed})
        assert await claimed(programme, report.run_id) == {who for who, said in verdicts.items() if said == "claimed"}
        if "urgent" in previews:
            skipped = await programme.rows(
                "select distinct user_id from rekindle.outcome where claimed_run_id = %s and scenario_type = 'urgent' "
                "and reason = 'no_longer_due'", report.run_id)  # fmt: skip
            assert {row["user_id"] for row in skipped} == {
                person for (name, person), said in verdicts.items()
                if (name, said) == ("urgent", "claimed") and person.bytes[0] >= 128}  # fmt: skip
        if not scenarios:
            # Every situation occurred, and often enough for a mistake to show.
            seen = Counter(verdicts.values())
            assert seen.keys() >= REFUSALS
            assert min(seen.values()) >= 10, seen
            assert seen["claimed"] > 300, seen
            claims = Counter(name for (name, _), said in verdicts.items() if said == "claimed")
            assert min(claims["hours"], claims["urgent"]) >= 10, claims
