"""How far a replay of the past can be trusted: exact, approximate, or refused by name."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from database.statement_counter import counting
from rekindle.cli.backtest import base_rate_lines
from rekindle.engine.backtest import Backtest, ScenarioPast, backtest, past_ticks
from rekindle.errors import DatabaseUnreachable
from rekindle.policy import UNGUARDED, Guard
from rekindle.ports import BaseRate, Fidelity, Judged, Past, Terms
from rekindle.postgres.aftermath import OWN_OUTCOME
from rekindle.postgres.backtest import PostgresReplays, Stage
from rekindle.scenario import AnyScenario
from team.programme import Programme, applied, open_programme, scenario

server = one_server

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(timezone="UTC", timeout_seconds=20)
OWN = "select user_id, 'seen:' || rekindle.at()::date as occurrence, null::jsonb as variables from team.wanted w where "
ABSENT = scenario("inactivity", after=["10d"])
"""Without a schedule: at 9 o'clock, in UTC, every day."""


@pytest.fixture(params=["timestamptz"])
async def programme(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Programme]:
    async with open_programme(database_url, activity_type=request.param) as programme:
        await programme.at(NOW)
        yield programme


async def trust(programme: Programme, one: AnyScenario) -> Fidelity:
    async with Stage.open(programme.database, timeout_seconds=10) as stage:
        return (await stage.trust([applied(one)], NOW))["nudge"]


async def replay(programme: Programme, one: AnyScenario, *, days: int = 20, guard: Guard = UNGUARDED) -> Backtest:
    replays = PostgresReplays(programme.database)
    return await backtest(replays, [applied(one)], TERMS, guard, since=NOW - days * DAY, until=NOW)


async def past_of(programme: Programme, one: AnyScenario, **keys: Any) -> ScenarioPast:
    [past] = (await replay(programme, one, **keys)).scenarios
    return past


def query(condition: str, **keys: Any) -> AnyScenario:
    text = (OWN + condition).replace("'seen:' || rekindle.at()::date", "'once'")
    return scenario("sql", query=text, **keys)


CLOCKS = {
    "now() > '2020-01-01'": "now()",
    "current_date > date '2020-01-01'": "CURRENT_DATE",
    "localtimestamp > timestamp '2020-01-01'": "LOCALTIMESTAMP",
    "clock_timestamp() > '2020-01-01'": "clock_timestamp()",
    "rekindle.clock() > '2020-01-01'": "rekindle.clock()",
    "age(timestamptz '2020-01-01') > interval '1 day'": "CURRENT_DATE",
    "timestamptz 'today' > '2020-01-01'": "'today'",
    "'now'::text::timestamptz > '2020-01-01'": "'now'",
    "team.recent(timestamptz '2020-01-01')": "team.recent()",
    "exists (select from team.newest)": "CURRENT_TIMESTAMP",
    "team.inlined()": "now()",
}


@pytest.mark.parametrize("condition", CLOCKS)
async def test_a_query_that_reads_a_clock_is_refused_and_the_clock_is_named(
    programme: Programme, condition: str
) -> None:
    await programme.sql.execute(
        "create function team.recent(at timestamptz) returns boolean language plpgsql stable as "
        "$$ begin return at < now(); end $$; "
        "create function team.inlined() returns boolean language sql stable as $$ select now() > '2020-01-01' $$; "
        "create view team.newest as select from team.wanted where current_timestamp > '2020-01-01'"
    )
    trusted = await trust(programme, query(condition, as_of=True))
    assert trusted.label == "refused"
    assert trusted.fault is not None
    assert trusted.fault.code == "RK768"
    assert CLOCKS[condition] in trusted.fault.message


async def test_a_query_says_rekindle_at_and_its_author_vouches_for_the_rest(programme: Programme) -> None:
    assert (await trust(programme, query("true"))).label == "refused"
    assert (await trust(programme, query("w.occurrence <> 'now()'", as_of=True))).label == "exact"
    assert (await trust(programme, query("rekindle.at() > '2020-01-01'"))).label == "approximate"
    assert (await trust(programme, query("rekindle.at() > '2020-01-01'", as_of=True))).label == "exact"
    assert (await trust(programme, query("no_column"))).label == "refused"


async def test_a_query_runs_at_the_moment_of_each_tick(programme: Programme) -> None:
    user = await programme.person()
    await programme.want(user)
    text = OWN.replace("team.wanted w where ", "team.wanted w where rekindle.at() > timestamptz '2026-05-20'")
    past = await past_of(programme, scenario("sql", query=text, as_of=True, cooldown="1h"))
    assert past.fault is None
    assert past.backlog is not None
    assert past.backlog.due == 0
    assert [on.day for on, day in sorted(past.days.items()) if day.due] == [20 + n for n in range(12)] + [1]
    assert past.total("nudged") == 13


async def test_a_cooldown_as_long_as_the_schedule_skips_every_second_tick(programme: Programme) -> None:
    """As in a run, which sends a moment after its tick."""
    await programme.want(await programme.person())
    daily = scenario("sql", query=OWN + "rekindle.at() > timestamptz '2026-05-20'", as_of=True)
    past = await past_of(programme, daily)
    assert (past.total("nudged"), past.refusals) == (7, {"cooldown": 6})


async def test_activity_that_was_entered_later_is_not_known_before(programme: Programme) -> None:
    """Somebody was active 30 days ago, and again 15 days ago, which was entered 2 days ago."""
    user = await programme.person()
    await programme.activity(user, NOW - 30 * DAY, NOW - 15 * DAY)
    assert (await trust(programme, ABSENT)).reasons == (
        "if rows were entered when they happened; a column recorded_at would show it",
    )
    entered = "alter table team.activity add recorded_at timestamptz; update team.activity set recorded_at = "
    last = NOW - 15 * DAY
    await programme.sql.execute(
        (
            entered + f"case when activity_date = '{last}' then '{NOW - 2 * DAY}'::timestamptz else activity_date end"
        ).encode()
    )
    before = await past_of(programme, ABSENT, days=22)
    await programme.sql.execute(
        "create or replace view rekindle_source.activity as "
        "select user_id, activity_date, recorded_at from team.activity"
    )
    after = await past_of(programme, ABSENT, days=22)
    assert after.fidelity == Fidelity("exact")
    nudged = [[on for on, day in sorted(past.days.items()) if day.nudged] for past in (before, after)]
    assert nudged == [[(NOW - 20 * DAY).date(), (NOW - 5 * DAY).date()], [(NOW - 20 * DAY).date(), (NOW - DAY).date()]]


@pytest.mark.parametrize("programme", ["date"], indirect=True)
async def test_a_date_counts_before_the_tick_of_its_day(programme: Programme) -> None:
    assert (await trust(programme, ABSENT)).label == "approximate"


async def test_a_view_that_only_shows_the_last_year_is_refused(programme: Programme) -> None:
    await programme.sql.execute(
        "create or replace view rekindle_source.activity as select user_id, activity_date from team.activity "
        "where activity_date > now() - interval '1 year'"
    )
    past = await past_of(programme, ABSENT)
    assert str(past.fault).startswith(
        "RK768: cannot be replayed: the view rekindle_source.activity calls now(). Say rekindle.at()"
    )
    assert past.days == {}


async def test_certificates_that_are_renewed_in_place_or_by_a_new_row_are_approximate(programme: Programme) -> None:
    renew = scenario("expiry", before=["30d"])
    user = await programme.person()
    await programme.certificate(user, NOW.date() + 40 * DAY)
    assert "in place" in (await trust(programme, renew)).reasons[0]
    await programme.certificate(user, NOW.date() - 40 * DAY, "Driving")
    assert (await trust(programme, renew)).label == "exact"
    await programme.certificate(user, NOW.date() + 400 * DAY, "Driving")
    assert "recorded_at" in (await trust(programme, renew)).reasons[0]
    assert (await trust(programme, renew)).label == "approximate"
    await programme.sql.execute(
        "create or replace view rekindle_source.certification as "
        "select certification_id, user_id, name, expires_on, null::timestamptz as recorded_at from team.certificate"
    )
    assert (await trust(programme, renew)) == Fidelity("exact")


async def test_a_scenario_that_cannot_be_evaluated_says_why_and_the_others_are_replayed(programme: Programme) -> None:
    user = await programme.person()
    await programme.activity(user, NOW - 12 * DAY)
    await programme.sql.execute("drop view rekindle_source.event")
    replays = PostgresReplays(programme.database)
    both = [applied(ABSENT, "absent"), applied(scenario("event", before=["2h"]), "shift")]
    whole = await backtest(replays, both, TERMS, UNGUARDED, since=NOW - 5 * DAY, until=NOW)
    absent, shift = whole.scenarios
    assert (absent.fault, absent.total("nudged")) == (None, 1)
    assert "rekindle_source.event" in str(shift.fault)


async def test_the_numbers_of_a_replay(programme: Programme) -> None:
    """Two people join the absent each day. One of three had a real push then, and one of the
    others came back."""
    people: list[UUID] = []
    for day in range(30):
        for _ in range(2):
            user = await programme.person(timezone="Asia/Tokyo")
            people.append(user)
            await programme.activity(user, NOW - (day + 11) * DAY)
    early, back, nudged = people[58], people[56], people[54]
    await programme.activity(back, NOW - 25 * DAY)
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key) "
        "values (gen_random_uuid(), %s, 'nudge', %s, 'x')",
        [nudged, NOW - 25 * DAY],
    )
    await programme.token(early, f"token-{early}", registered_at=NOW)
    await programme.sql.execute("delete from team.device where user_id = %s and last_registered_at is null", [early])
    one = scenario("inactivity", after=["10d"], outcome={"horizon": "7d"})
    whole = await replay(programme, one, days=35, guard=Guard(max_share=0.01, max_times_median=None, floor=1))
    [past] = whole.scenarios
    assert past.spread("nudged").most == 3, "two new ones, and one again"
    assert past.total("nudged") == past.total("pushes") == 61
    assert past.total("registered") == 60
    assert past.hours == {18: 61}
    assert past.held_days >= 29
    assert whole.per_person == {1: 59, 2: 1}
    assert (whole.most_in_7, whole.most_in_30) == (1, 2)
    rate = past.base_rate
    assert rate is not None
    assert (rate.horizon_days, rate.people, rate.nudged, rate.came_back) == (7, 45, 1, 1)
    assert past.real is None


async def test_why_a_base_rate_is_not_known_is_said(programme: Programme) -> None:
    await programme.activity(await programme.person(), NOW - 40 * DAY)
    query = "select user_id, activity_date as happened_at from rekindle_source.activity"
    one = scenario("inactivity", after=["10d"], outcome={"horizon": "7d", "query": query})
    [past] = (await replay(programme, one, days=35)).scenarios
    assert past.base_rate == BaseRate(7, 0, 0, 0, unknown=OWN_OUTCOME)
    [line] = base_rate_lines(past.base_rate)
    assert line.startswith("came back anyway: not known, because the scenario has its own outcome")


async def test_a_tick_is_a_constant_number_of_statements(database_url: str) -> None:
    async def count(people: int) -> int:
        async with counting(database_url) as counter, open_programme(database_url, ledger_url=counter.url) as programme:
            await programme.at(NOW)
            await programme.people(people)
            await programme.sql.execute(
                "insert into team.activity select user_id, %s from team.person", [NOW - 15 * DAY]
            )
            ticks = past_ticks([applied(ABSENT)], TERMS, begins=NOW - 9 * DAY, ends=NOW, counted_from=NOW).ticks
            past = Past(ticks, NOW - 9 * DAY, NOW, UNGUARDED)
            counter.statements.clear()
            claimed = 0
            async for step in PostgresReplays(programme.database).replay(past):
                claimed += getattr(step, "claimed", 0)
            assert claimed == people
            await programme.sql.execute("drop schema team cascade; drop schema rekindle_source cascade")
            return counter.total

    assert await count(3) == await count(60)


def test_more_than_2000_ticks_become_one_per_hour() -> None:
    each = [applied(scenario("inactivity", after=["10d"], schedule="*/5 * * * *"))]
    found = past_ticks(each, TERMS, begins=NOW - 10 * DAY, ends=NOW, counted_from=NOW - 5 * DAY)
    assert found.thinned
    assert len(found.ticks) == 240
    assert {tick.at.minute for tick in found.ticks} == {55}
    assert [tick.counted for tick in found.ticks] == [False] * 120 + [True] * 120
    assert not past_ticks(each, TERMS, begins=NOW - 5 * DAY, ends=NOW, counted_from=NOW).thinned


async def test_a_server_that_stops_in_the_middle_is_one_clear_error(programme: Programme) -> None:
    user = await programme.person()
    await programme.activity(user, NOW - 20 * DAY)
    ticks = past_ticks([applied(ABSENT)], TERMS, begins=NOW - 9 * DAY, ends=NOW, counted_from=NOW).ticks
    past = Past(ticks, NOW - 9 * DAY, NOW, UNGUARDED)
    judged: list[Judged] = []

    async def replayed() -> None:
        async for step in PostgresReplays(programme.database).replay(past):
            judged.extend([step] if isinstance(step, Judged) else [])
            if len(judged) == 3:
                await programme.sql.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )

    with pytest.raises(DatabaseUnreachable, match="it ended this session"):
        await replayed()
    assert len(judged) == 3
