"""The last check before a push is sent. People who opted out, left, became active or entered
quiet hours since the claim get none."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from conftest import one_server
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.errors import ScenarioQueryFailed
from rekindle.model import Accepted, Message, Numbers, Outcome, Selection, Unit
from rekindle.postgres.own_query import still_due
from rekindle.postgres.reports import Reports
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import AnyScenario, Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario, wanted

server = one_server

NIGHT = {"quiet_hours": "21:00-08:00"}
EVENING = datetime(2026, 5, 8, 20, 50, tzinfo=UTC)  # a Friday
MORNING = datetime(2026, 5, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(EVENING)
        yield programme


async def claimed(programme: Programme, one: AnyScenario) -> list[Unit]:
    """The scenario is in force; a run has claimed and has ended before it armed anything."""
    await Reports(programme.database).store_config(Config(scenario={"nudge": one}))
    run_id, units = await programme.claimed_units(one)
    await programme.store.release(run_id)
    return units


async def run(programme: Programme, one: AnyScenario, dispatcher: ScriptedDispatcher, **limits: Any) -> Numbers:
    """The next run, which carries on what was claimed."""
    deps = Deps(dispatcher, programme.store, programme.store)
    report = await run_cycle(deps, [applied(one)], Selection(), Limits(**limits))
    (numbers,) = report.scenarios
    return numbers


def users(dispatcher: ScriptedDispatcher) -> list[UUID]:
    return sorted(message.user_id for message in dispatcher.sent)


@pytest.mark.parametrize(("scenario_type", "counts"), [(None, True), ("nudge", True), ("other", False)])
async def test_a_person_who_opted_out_since_the_claim_gets_nothing(
    programme: Programme, scenario_type: str | None, counts: bool
) -> None:
    one = wanted(caps=["1 per 1d"])
    people = await programme.people(2)
    units = {unit.user_id: unit for unit in await claimed(programme, one)}
    await programme.sql.execute("insert into team.preference values (%s, %s, true)", [people[0], scenario_type])
    await programme.sql.execute("insert into team.preference values (%s, null, false)", [people[1]])
    dispatcher = ScriptedDispatcher()
    numbers = await run(programme, one, dispatcher)
    assert users(dispatcher) == (people[1:] if counts else people)
    assert await programme.state(units[people[0]]) == ("skipped:opted_out" if counts else "recorded")
    assert await programme.state(units[people[1]]) == "recorded"
    assert (numbers.carried, numbers.skipped) == (2, int(counts))
    # A push that was not sent does not count under the cap.
    kept = await programme.rows("select user_id, counted <> '{}' as counts from rekindle.cap order by user_id")
    assert [row["counts"] for row in kept] == [not counts, True]


@pytest.mark.parametrize("change", ["update team.person set active = false", "delete from team.person"])
async def test_a_person_who_left_since_the_claim_gets_nothing(programme: Programme, change: str) -> None:
    one = wanted()
    people = await programme.people(2)
    units = {unit.user_id: unit for unit in await claimed(programme, one)}
    await programme.sql.execute(f"{change} where user_id = %s".encode(), [people[0]])
    dispatcher = ScriptedDispatcher()
    await run(programme, one, dispatcher)
    assert users(dispatcher) == people[1:]
    assert await programme.state(units[people[0]]) == "skipped:not_active"


@pytest.mark.parametrize(("hours", "nudged"), [(0, False), (464, False), (472, True), (480, True), (504, True)])
async def test_a_person_who_was_active_since_the_claim_gets_no_push_about_inactivity(
    programme: Programme, hours: int, nudged: bool
) -> None:
    # Their last activity was twenty days ago. Since the claim another one is recorded, of `hours`
    # hours ago. 464 hours ago it was the same day in UTC, and the day after in Auckland; 472 hours
    # ago it was the same day there too.
    one = scenario("inactivity", after=["14d"])
    person = await programme.person(timezone="Pacific/Auckland")
    await programme.activity(person, EVENING - timedelta(days=20))
    (unit,) = await claimed(programme, one)
    await programme.activity(person, EVENING - timedelta(hours=hours))
    dispatcher = ScriptedDispatcher()
    await run(programme, one, dispatcher)
    assert users(dispatcher) == ([person] if nudged else [])
    assert await programme.state(unit) == ("recorded" if nudged else "skipped:active_again")


RENEWAL = (
    "insert into team.certificate select gen_random_uuid(), user_id, '{}', expires_on + 730 "
    "from team.certificate where certification_id = %s"
)
PLANNED = EVENING + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("since", "verdict"),
    [
        ("delete from team.activity where activity_date < '2026-05-01'", "no_longer_due"),
        ("update team.activity set activity_date = activity_date + interval '30 days'", "no_longer_due"),
        pytest.param("update team.activity set activity_date = '1970-01-01'", "no_longer_due", id="never"),
        ("insert into team.activity select user_id, activity_date from team.activity", "armed"),
    ],
)
async def test_a_person_whose_activities_fell_below_the_mark_gets_no_push_about_it(
    programme: Programme, since: str, verdict: str
) -> None:
    one = scenario("milestone", at=[3])
    person, other = [await programme.person() for _ in range(2)]
    await programme.activity(person, *[EVENING - timedelta(days=n) for n in (1, 2, 20)])
    await programme.activity(other, *[EVENING - timedelta(days=n) for n in range(40, 45)])
    _, units = await programme.claimed_units(one)
    await programme.sql.execute("create table team.others as select * from team.activity where user_id = %s", [other])
    await programme.sql.execute("delete from team.activity where user_id = %s", [other])
    await programme.sql.execute(since.encode())
    await programme.sql.execute("insert into team.activity select * from team.others")
    verdicts = await programme.store.arm(units, lease_seconds=30)
    said = {unit.user_id: verdicts[unit.claim_id, unit.device_id] for unit in units}
    assert said == {person: verdict, other: "armed"}


@pytest.mark.parametrize(
    ("since", "verdict"),
    [
        ("update team.activity set amount = 0.7", "no_longer_due"),
        ("insert into team.activity select user_id, activity_date, -1 from team.activity limit 1", "no_longer_due"),
        pytest.param("update team.activity set amount = 'nan' where amount = 2", "no_longer_due", id="nan"),
        pytest.param(
            "alter table team.activity drop column amount cascade; create view rekindle_source.activity as "
            "select * from team.activity",
            "no_longer_due",
            id="no amounts",
        ),
        # Fewer activities, and the same sum.
        ("delete from team.activity where amount < 1.5", "armed"),
    ],
)
async def test_a_person_whose_amounts_add_up_to_less_than_the_mark_by_now_gets_no_push_about_it(
    programme: Programme, since: str, verdict: str
) -> None:
    person = await programme.person()
    await programme.amounts(person, EVENING, 2.0, 1.5, 0.0, None)
    _, [unit] = await programme.claimed_units(scenario("milestone", at=[3], of="sum"))
    await programme.sql.execute(since.encode())
    programme.store = PostgresStore(programme.database)  # the next run looks up which views there are
    assert list((await programme.store.arm([unit], lease_seconds=30)).values()) == [verdict]


@pytest.mark.parametrize(
    ("since", "verdict"),
    [
        pytest.param("delete from team.certificate where certification_id = %s", "no_longer_due", id="removed"),
        ("update team.certificate set expires_on = expires_on + 365 where certification_id = %s", "no_longer_due"),
        ("update team.certificate set expires_on = null where certification_id = %s", "no_longer_due"),
        ("update team.certificate set user_id = gen_random_uuid() where certification_id = %s", "no_longer_due"),
        (RENEWAL.format(" first AID"), "no_longer_due"),
        (RENEWAL.format("Lifeguard"), "armed"),
    ],
)
async def test_a_certificate_that_was_renewed_or_removed_since_the_claim_gets_no_push(
    programme: Programme, since: str, verdict: str
) -> None:
    expected: dict[UUID, str] = {}
    certificates: list[UUID] = []
    for days in (5, -5):
        person, other = [await programme.person() for _ in range(2)]
        certificates.append(await programme.certificate(person, EVENING.date() + timedelta(days)))
        await programme.certificate(other, EVENING.date() + timedelta(days))
        expected |= {person: verdict, other: "armed"}
    _, units = await programme.claimed_units(scenario("expiry", before=["7d"], after=["1d"]))
    for certificate in certificates:
        await programme.sql.execute(since.encode(), [certificate])
    verdicts = await programme.store.arm(units, lease_seconds=30)
    assert {unit.user_id: verdicts[unit.claim_id, unit.device_id] for unit in units} == expected


@pytest.mark.parametrize(
    ("still_due", "sent"),
    [
        pytest.param("select user_id, occurrence from team.wanted", [0], id="occurrence"),
        # Without an occurrence, every occurrence of the person counts; % is no parameter.
        ("select user_id from team.wanted where occurrence like '%w%' or occurrence like 'o%' -- %s;", [0, 1]),
        (None, [0, 1, 2]),
    ],
)
async def test_people_that_the_teams_own_query_does_not_return_any_more_get_nothing(
    programme: Programme, still_due: str | None, sent: list[int]
) -> None:
    people = await programme.people(3)
    one = wanted() if still_due is None else wanted(still_due=still_due)
    units = {unit.user_id: unit for unit in await claimed(programme, one)}
    await programme.sql.execute("update team.wanted set occurrence = 'renewed' where user_id = %s", [people[1]])
    await programme.sql.execute("delete from team.wanted where user_id = %s", [people[2]])
    await programme.sql.execute("insert into team.wanted values (null, null, null), (%s, null, null)", [UUID(int=5)])
    dispatcher = ScriptedDispatcher()
    await run(programme, one, dispatcher)
    assert users(dispatcher) == [people[number] for number in sent]
    for number, person in enumerate(people):
        ended = "recorded" if number in sent else "skipped:no_longer_due"
        assert await programme.state(units[person]) == ended


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("select user_id from team.wanted where 1 / (length(occurrence) - 4) > 0", "RK305"),
        ("select occurrence from team.wanted", "RK304"),
        ("select user_id, 7 as occurrence from team.wanted", "RK304"),
        ("delete from team.wanted returning user_id", "RK304"),
    ],
)
async def test_a_query_of_still_due_that_fails_sends_nothing_and_loses_nobody(
    programme: Programme, broken: str, code: str
) -> None:
    one, other = wanted(still_due=broken), wanted()
    await programme.people(2)
    units = {unit.user_id: unit for unit in await claimed(programme, one)}
    await Reports(programme.database).store_config(Config(scenario={"nudge": one, "other": other}))
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    report = await run_cycle(deps, [applied(one), applied(other, "other")], Selection(), Limits())
    # The other scenario, whose units were armed together with these, is not held up.
    assert sorted(message.scenario_type for message in dispatcher.sent) == ["other", "other"]
    assert report.status == "halted"
    assert (report.halted_by or "").startswith(f"{code}: the still_due of scenario nudge ")
    assert [await programme.state(unit) for unit in units.values()] == ["claimed", "claimed"]
    # The query in force counts: what waits is sent once it is corrected.
    mended = wanted(still_due="select user_id, occurrence from team.wanted")
    await Reports(programme.database).store_config(Config(scenario={"nudge": mended, "other": other}))
    assert (await run(programme, mended, dispatcher)).recorded == 2
    assert len(users(dispatcher)) == 4


async def test_a_slow_query_of_still_due_fails(programme: Programme) -> None:
    slow = "select user_id from team.wanted where (select pg_sleep(60)) is null"
    await programme.people(1)
    with pytest.raises(ScenarioQueryFailed, match="still_due of scenario nudge took too long"):
        await still_due(programme.database, "nudge", slow, await programme.people(1), timeout_seconds=0.3)


async def test_units_of_every_kind_are_armed_together_each_by_the_rule_of_its_kind(programme: Programme) -> None:
    # The variables of a kind-sql scenario have the names of the other kinds' variables.
    person = await programme.person()
    await programme.activity(person, *[EVENING - timedelta(days=20 + n) for n in range(3)])
    await programme.certificate(person, EVENING.date() + timedelta(days=5))
    misleading = {"mark": "many", "expires_on": "2030-01-01", "threshold": "x"}
    await programme.want(person, occurrence="milestone:1000", variables=misleading)
    units: list[Unit] = []
    kinds = {"inactivity": {"after": ["14d"]}, "milestone": {"at": [3]}, "expiry": {"before": ["7d"]}}
    for kind, keys in kinds.items():
        units += (await programme.claimed_units(scenario(kind, **keys), scenario_type=kind))[1]
    units += (await programme.claimed_units(wanted(), scenario_type="own"))[1]
    await programme.activity(person, PLANNED, "9999-12-31", "infinity", "1970-01-01")
    verdicts = await programme.store.arm(units, lease_seconds=30)
    assert {unit.scenario_type: verdicts[unit.claim_id, unit.device_id] for unit in units} == dict.fromkeys(
        [*kinds, "own"], "armed"
    )


async def test_a_unit_claimed_before_quiet_hours_waits_until_they_end_and_is_then_sent(
    programme: Programme, logged: list[dict[str, Any]]
) -> None:
    one = wanted(**NIGHT)
    people = await programme.people(3)
    east = await programme.person(timezone="Asia/Tokyo", user_id=UUID(int=1))  # where it is morning already
    await programme.sql.execute("insert into team.wanted values (%s, 'once', '{}')", [east])
    await programme.at(EVENING)
    await claimed(programme, one)
    assert await programme.value("select count(*) from rekindle.outbox") == 3, "it is 05:50 in Tokyo"

    await programme.at(EVENING + timedelta(minutes=10))
    dispatcher = ScriptedDispatcher()
    numbers = await run(programme, one, dispatcher)
    assert dispatcher.sent == []
    assert (numbers.carried, numbers.pending, numbers.reasons) == (3, 3, {"retry:quiet_hours": 3})
    assert [one["event"] for one in logged].count("dispatch.waits") == 3
    waiting = await programme.rows("select state, reason, next_try_at, attempts, owner from rekindle.outbox")
    assert (
        waiting
        == [{"state": "retry", "reason": "quiet_hours", "next_try_at": MORNING, "attempts": 0, "owner": None}] * 3
    )

    await programme.at(MORNING - timedelta(seconds=1))
    numbers = await run(programme, one, dispatcher)
    assert numbers.carried == 0
    assert users(dispatcher) == [east], "it is 16:59 in Tokyo"

    await programme.at(MORNING)
    numbers = await run(programme, one, dispatcher)
    assert (numbers.carried, numbers.recorded) == (3, 3)
    assert users(dispatcher) == sorted([east, *people])


async def test_a_unit_that_is_no_longer_relevant_after_quiet_hours_is_never_sent(programme: Programme) -> None:
    one = wanted(relevance="10h", caps=["1 per 7d"], **NIGHT)
    await programme.people(1)
    (unit,) = await claimed(programme, one)
    await programme.at(EVENING + timedelta(minutes=10))
    dispatcher = ScriptedDispatcher()
    assert (await run(programme, one, dispatcher)).pending == 1
    await programme.at(MORNING)
    numbers = await run(programme, one, dispatcher)
    assert await programme.state(unit) == "dead:stale"
    assert dispatcher.sent == []
    # The person is still due and may be claimed again within the hour: neither the cap nor the
    # cooldown changed.
    assert numbers.refusals == {"cooldown": 1}
    assert await programme.value("select counted from rekindle.cap") == {}
    await programme.at(MORNING + timedelta(hours=1))
    assert (await run(programme, one, dispatcher)).recorded == 1


async def test_a_unit_that_waits_until_its_scenario_has_ended_is_never_sent(programme: Programme) -> None:
    # In Auckland it is Saturday, 9 May, already; in UTC that day begins in three hours.
    one = wanted(until="2026-05-10", relevance="7d", **NIGHT)
    here = await programme.person()
    there = await programme.person(timezone="Pacific/Auckland")
    await programme.want(here, there)
    await claimed(programme, one)
    ends = {row["user_id"]: row["give_up_at"] for row in await programme.rows("select * from rekindle.outbox")}
    assert ends == {
        here: datetime(2026, 5, 10, tzinfo=UTC),
        there: datetime(2026, 5, 9, 12, tzinfo=UTC),
    }
    await programme.at("2026-05-10 00:00:00+00")
    dispatcher = ScriptedDispatcher()
    numbers = await run(programme, one, dispatcher)
    assert (dispatcher.sent, numbers.evaluated, numbers.not_due) == ([], 2, 2)


async def test_a_unit_claimed_on_friday_waits_where_saturday_has_begun(programme: Programme) -> None:
    one = wanted(weekdays=["mon", "tue", "wed", "thu", "fri"], relevance="7d")
    await programme.people(1)
    await claimed(programme, one)
    await programme.at(EVENING + timedelta(hours=4))
    dispatcher = ScriptedDispatcher()
    assert (await run(programme, one, dispatcher)).reasons == {"retry:quiet_hours": 1}
    assert await programme.value("select next_try_at from rekindle.outbox") == datetime(2026, 5, 11, tzinfo=UTC)
    await programme.at("2026-05-11 00:00:00+00")
    assert (await run(programme, one, dispatcher)).recorded == 1


async def test_a_unit_that_is_sent_too_late_for_its_hour_waits_for_the_next_day(programme: Programme) -> None:
    one = wanted(send_at="20:30-21:00")
    await programme.people(1)
    await claimed(programme, one)
    await programme.at(EVENING + timedelta(minutes=10))
    dispatcher = ScriptedDispatcher()
    assert (await run(programme, one, dispatcher)).reasons == {"retry:quiet_hours": 1}
    tomorrow = EVENING + timedelta(hours=23, minutes=40)
    assert await programme.value("select next_try_at from rekindle.outbox") == tomorrow
    await programme.at(tomorrow)
    assert (await run(programme, one, dispatcher)).recorded == 1


async def test_a_critical_push_ignores_quiet_hours_but_not_an_opt_out(programme: Programme) -> None:
    one = wanted(critical=True, **NIGHT)
    people = await programme.people(2)
    await claimed(programme, one)
    await programme.at(EVENING + timedelta(hours=3))
    await programme.sql.execute("insert into team.preference values (%s, null, true)", [people[0]])
    dispatcher = ScriptedDispatcher()
    await run(programme, one, dispatcher)
    assert users(dispatcher) == people[1:]


async def test_a_run_that_is_still_sending_when_quiet_hours_begin_stops(
    programme: Programme, database_url: str
) -> None:
    one = wanted(**NIGHT)
    people = await programme.people(40)

    def answer(message: Message) -> Outcome:
        if len(dispatcher.sent) == 10:
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(
                    "create or replace function rekindle.clock() returns timestamptz language sql volatile as "
                    f"$$ select timestamptz '{EVENING + timedelta(minutes=10)}' $$".encode()
                )
        return Accepted(f"name/{uuid4()}")

    dispatcher = ScriptedDispatcher(answer)
    await Reports(programme.database).store_config(Config(scenario={"nudge": one}))
    numbers = await run(programme, one, dispatcher, concurrency=5)
    # The units that were armed when quiet hours began were under way.
    assert 10 <= len(dispatcher.sent) <= 15
    assert (numbers.claimed, numbers.recorded) == (40, len(dispatcher.sent))
    assert numbers.reasons == {"retry:quiet_hours": 40 - numbers.recorded}
    await programme.at(MORNING)
    numbers = await run(programme, one, dispatcher)
    assert numbers.carried == numbers.recorded
    assert users(dispatcher) == sorted(people)
