"""The claim: which people are claimed, which are refused and why, and that the numbers add up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from rekindle.model import Acceptance, Ending, Numbers, Selection
from rekindle.policy import idempotency_key
from team.programme import Programme, open_programme, scenario, wanted
from team.waiting import WAIT_SECONDS

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def adds_up(numbers: Numbers) -> bool:
    return numbers.evaluated == numbers.not_due + numbers.refused + numbers.claimed


async def test_each_situation_gives_its_refusal_and_the_numbers_add_up(programme: Programme) -> None:
    spent, waiting, cooling, today, tokenless, fresh, _ = [
        await programme.person(tokens=() if n == 4 else None) for n in range(7)
    ]
    # Recorded long ago: the occurrence is spent, the cooldown over.
    await programme.want(spent)
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(units[0], "n/1")])
    await programme.at(NOW + timedelta(days=10))
    await programme.want(waiting)
    assert (await programme.claim(wanted())).claimed == 1
    await programme.want(cooling, occurrence="before")
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(units[0], "n/2")])
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key)"
        " values (gen_random_uuid(), %s, 'nudge', %s)",
        [today, idempotency_key(today, "nudge", (NOW + timedelta(days=10)).date())],
    )
    await programme.want(spent, waiting, cooling, today, tokenless, fresh)
    run_id = await programme.run()
    numbers = await programme.claim(wanted(), run_id=run_id)
    assert numbers.refusals == {
        "already_notified": 1,
        "in_flight": 1,
        "cooldown": 1,
        "already_today": 1,
        "no_token": 1,
    }
    assert (numbers.evaluated, numbers.not_due, numbers.due, numbers.claimed) == (7, 1, 6, 1)
    assert [unit.user_id for unit in await programme.held(run_id)] == [fresh]
    stored = (await programme.rows("select * from rekindle.run_scenario where run_id = %s", run_id))[0]
    assert stored["refusals"] == numbers.refusals
    assert (stored["evaluated"], stored["claimed"], stored["pending"]) == (7, 1, 1)


async def test_the_claim_does_what_the_plan_predicted(programme: Programme) -> None:
    users = await programme.people(20, devices=2)
    await programme.sql.execute("delete from team.device where user_id = any(%s)", [users[:5]])
    due = await programme.due(wanted())
    numbers = await programme.claim(wanted())
    assert sum(one.refusal is None for one in due.values()) == numbers.claimed == 15
    assert sum(one.refusal == "no_token" for one in due.values()) == numbers.refusals["no_token"] == 5
    assert {len(one.devices) for one in due.values()} == {0, 2}


@pytest.mark.parametrize(
    "change",
    [
        "update rekindle.run_scenario set not_due = not_due + 1",
        "update rekindle.run_scenario set refused = refused + 1, not_due = not_due - 1",
        "update rekindle.run_scenario set pending = 0",
        "update rekindle.run_scenario set recorded = 1",
        "update rekindle.run set claimed = 1",
        "update rekindle.run set status = 'done'",
    ],
)
async def test_the_table_refuses_numbers_that_do_not_add_up(programme: Programme, change: str) -> None:
    users = await programme.people(2)
    await programme.want(*users[:1])
    await programme.claim(wanted())
    with pytest.raises(psycopg.errors.CheckViolation):
        await programme.sql.execute(change)


async def test_a_person_without_a_token_spends_no_cooldown_and_is_claimed_once_a_token_appears(
    programme: Programme,
) -> None:
    user = await programme.person(tokens=())
    await programme.want(user)
    assert (await programme.claim(wanted())).refusals == {"no_token": 1}
    assert await programme.gate(user) is None
    await programme.token(user, "new")
    assert (await programme.claim(wanted())).claimed == 1


async def test_an_empty_token_and_a_target_of_unknown_kind_are_no_token(programme: Programme) -> None:
    user = await programme.person(tokens=("",))
    await programme.token(user, "abc", kind="web-push")
    await programme.want(user)
    assert (await programme.claim(wanted())).refusals == {"no_token": 1}


async def test_every_device_is_a_unit_and_rows_of_the_same_token_are_one(programme: Programme) -> None:
    user = await programme.person(tokens=("phone", "phone", "tablet", "phone"))
    await programme.token(user, "phone", kind="fid")
    await programme.want(user)
    run_id, units = await programme.claimed_units()
    assert sorted((unit.target_kind, unit.target) for unit in units) == [
        ("fid", "phone"),
        ("token", "phone"),
        ("token", "tablet"),
    ]
    assert len({unit.claim_id for unit in units}) == 1
    assert len({unit.device_id for unit in units}) == 3
    assert len(await programme.held(run_id)) == 3


async def test_a_disabled_token_is_alive_again_once_it_is_registered_after_the_send(programme: Programme) -> None:
    user = await programme.person(tokens=())
    await programme.token(user, "phone", registered_at=NOW - timedelta(days=9))
    await programme.want(user)
    run_id, units = await programme.armed_units()
    await programme.store.finish(run_id, [Ending(units[0], "skipped", "unregistered", prune=True)])
    await programme.at(NOW + timedelta(days=2))
    assert (await programme.claim(wanted())).refusals == {"no_token": 1}
    await programme.sql.execute("update team.device set last_registered_at = %s", [NOW])
    assert (await programme.claim(wanted())).refusals == {"no_token": 1}, "registered before the send was answered"
    await programme.sql.execute("update team.device set last_registered_at = %s", [NOW + timedelta(hours=1)])
    assert (await programme.claim(wanted())).claimed == 1


async def test_a_disabled_token_without_a_date_of_registration_stays_disabled(programme: Programme) -> None:
    user = await programme.person()
    await programme.want(user)
    run_id, units = await programme.armed_units()
    await programme.store.finish(run_id, [Ending(units[0], "skipped", "unregistered", prune=True)])
    await programme.at(NOW + timedelta(days=400))
    assert (await programme.claim(wanted())).refusals == {"no_token": 1}


async def test_two_memberships_of_one_person_are_one_claim(programme: Programme) -> None:
    user = await programme.person()
    await programme.person(user_id=user, tokens=(), timezone="Asia/Tokyo")
    await programme.activity(user, NOW - timedelta(days=20))
    numbers = await programme.claim(scenario("inactivity", after=["14d"]))
    assert (numbers.evaluated, numbers.claimed, numbers.not_due) == (1, 1, 0)
    assert await programme.value("select count(*) from rekindle.outbox") == 1
    for kind in (scenario("milestone", at=[1]), wanted()):
        await programme.want(user)
        assert (await programme.claim(kind, scenario_type=kind.kind)).claimed == 1


async def test_inactive_recipients_and_people_who_are_not_recipients_are_left_out(programme: Programme) -> None:
    gone = await programme.person(active=False)
    here = await programme.person()
    await programme.want(gone, here, uuid4())
    numbers = await programme.claim(wanted())
    assert (numbers.evaluated, numbers.claimed) == (1, 1)
    assert list(await programme.due(wanted())) == [here]


async def test_an_organisation_and_a_person_can_be_chosen(programme: Programme) -> None:
    one, other = uuid4(), uuid4()
    users = [await programme.person(organisation_id=organisation) for organisation in (one, one, other)]
    await programme.want(*users)
    for kind in (wanted(), scenario("milestone", at=[1])):
        for user in users:
            await programme.activity(user, NOW - timedelta(days=1))
        chosen = Selection(scenarios=(kind.kind,), user_id=users[0], organisations=(other,))
        numbers = await programme.claim(kind, scenario_type=kind.kind, selection=chosen)
        assert (numbers.evaluated, numbers.claimed) == (0, 0)
        chosen = Selection(scenarios=(kind.kind,), user_id=users[0])
        numbers = await programme.claim(kind, scenario_type=kind.kind, selection=chosen)
        assert (numbers.evaluated, numbers.claimed) == (1, 1)
        chosen = Selection(scenarios=(kind.kind,), organisations=(one,))
        numbers = await programme.claim(kind, scenario_type=kind.kind, selection=chosen)
        assert (numbers.evaluated, numbers.claimed, numbers.refusals) == (2, 1, {"in_flight": 1})


async def test_further_recipient_columns_are_variables_and_the_scenarios_variables_override_them(
    programme: Programme,
) -> None:
    user = await programme.person(first_name="Grace", locale="nb-NO", timezone="Europe/Oslo")
    await programme.want(user, variables={"city": "Oslo"})
    assert (await programme.due(wanted()))[user].timezone == "Europe/Oslo"
    _, units = await programme.claimed_units()
    assert units[0].variables == {"first_name": "Grace", "city": "Oslo"}
    assert units[0].locale == "nb-NO"
    assert units[0].timezone == "Europe/Oslo"
    await programme.want(other := await programme.person(), variables={"first_name": "given by the query"})
    assert (await programme.due(wanted()))[other].variables == {"first_name": "given by the query"}


async def test_several_rows_of_one_person_are_one_claim_of_one_occurrence(programme: Programme) -> None:
    user = await programme.person()
    await programme.sql.execute(
        "insert into team.wanted select %s, 'occasion ' || n, '{}' from generate_series(1, 3) n", [user]
    )
    occurrences: list[str] = []
    for day in range(5):
        await programme.at(NOW + timedelta(days=day, minutes=day))
        run_id, units = await programme.armed_units()
        await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])
        rows = await programme.rows("select occurrence from rekindle.scenario_notification where run_id = %s", run_id)
        occurrences += [row["occurrence"] for row in rows]
    assert occurrences == ["occasion 1", "occasion 2", "occasion 3"]


async def test_a_skipped_or_dead_occurrence_is_not_spent_and_a_recorded_or_unknown_one_is(
    programme: Programme,
) -> None:
    users = [await programme.person() for _ in range(4)]
    await programme.want(*users)
    run_id, units = await programme.armed_units()
    by_user = {unit.user_id: unit for unit in units}
    recorded, unknown, skipped, dead = (by_user[user] for user in users)
    await programme.store.record(run_id, [Acceptance(recorded, "n/1")])
    await programme.store.hold([(unknown, "timeout")])
    await programme.store.finish(run_id, [Ending(skipped, "skipped", "x"), Ending(dead, "dead", "x")])
    await programme.at(NOW + timedelta(hours=1))
    await programme.store.sweep()
    await programme.at(NOW + timedelta(days=2))
    due = await programme.due(wanted())
    assert [due[user].refusal for user in users] == ["already_notified", "already_notified", None, None]


async def test_the_cooldown_slides_from_the_record_to_the_second(programme: Programme) -> None:
    await programme.at("2026-03-10T23:59:00Z")
    user = await programme.person()
    await programme.want(user)
    run_id, units = await programme.armed_units()
    await programme.at("2026-03-10T23:59:30Z")
    await programme.store.record(run_id, [Acceptance(units[0], "n/1")])
    await programme.want(user, occurrence="another")
    for moment, refusals in (
        ("2026-03-11T00:01:00Z", {"cooldown": 1}),
        ("2026-03-11T23:59:29Z", {"cooldown": 1}),
        ("2026-03-11T23:59:30Z", {}),
    ):
        await programme.at(moment)
        assert (await programme.claim(wanted())).refusals == refusals


async def test_a_recipient_who_joins_while_the_claim_waits_does_not_break_its_numbers(programme: Programme) -> None:
    """The recipients are counted before the claim, and a person may join in between."""
    async with programme.sql.transaction():
        await programme.sql.execute("lock table rekindle.gate in access exclusive mode")
        run_id = await programme.run()
        claiming = asyncio.create_task(programme.claim(scenario("milestone", at=[1]), run_id=run_id))
        async with asyncio.timeout(WAIT_SECONDS):
            while not await programme.value("select count(*) from pg_locks where not granted"):
                await asyncio.sleep(0.01)
        # On another connection, so that it is committed while the claim still waits for the gates.
        await programme.database.rows(
            "with u as (insert into team.person select gen_random_uuid(), gen_random_uuid(), 'UTC', 'en', true, 'Ada' "
            "returning user_id), d as (insert into team.device select user_id, 'late', 'token', null from u) "
            "insert into team.activity select user_id, %(at)s from u",
            {"at": NOW},
        )
    numbers = await claiming
    assert adds_up(numbers)


async def test_a_person_who_is_in_the_view_twice_is_judged_by_the_same_zone_every_time(programme: Programme) -> None:
    """At 11:30 UTC it is night in Auckland and day in London; which row comes first must not
    matter."""
    zones = ["Pacific/Auckland", "Europe/London"]
    people = [(uuid4(), order) for order in (zones, zones[::-1]) for _ in range(5)]
    for user, order in people:
        for zone in order:
            await programme.person(user_id=user, organisation_id=user, timezone=zone)
    await programme.want(*(user for user, _ in people))
    due = await programme.due(wanted(quiet_hours="21:00-08:00"))
    assert [due[user].refusal for user, _ in people] == [None] * len(people)
