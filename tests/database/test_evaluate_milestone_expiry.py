"""Milestones and certificates: each occasion once, and the most urgent one first."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from conftest import one_server
from rekindle.model import Acceptance
from rekindle.scenario import AnyScenario
from team.programme import Programme, open_programme, scenario

server = one_server

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
TODAY = NOW.date()
MARKS = scenario("milestone", at=[10, 50, 100])
RENEW = scenario("expiry", before=["30d", "7d", "1d"])


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def active(programme: Programme, user: object, times: int) -> None:
    await programme.sql.execute(
        "insert into team.activity select %s, %s - make_interval(mins => n) from generate_series(1, %s) n",
        [user, NOW, times],
    )


async def send(programme: Programme, one: AnyScenario) -> list[str]:
    """Claim, arm and record everybody who is due; return their occurrences."""
    run_id, units = await programme.armed_units(one)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])
    rows = await programme.rows("select occurrence from rekindle.scenario_notification where run_id = %s", run_id)
    return sorted(row["occurrence"] for row in rows)


@pytest.mark.parametrize(("times", "mark"), [(0, None), (9, None), (10, 10), (49, 10), (50, 50), (99, 50), (500, 100)])
async def test_a_mark_is_reached_with_its_last_activity_and_only_the_highest_counts(
    programme: Programme, times: int, mark: int | None
) -> None:
    user = await programme.person()
    await active(programme, user, times)
    found = {candidate.variables["mark"]: candidate for candidate in (await programme.due(MARKS)).values()}
    assert list(found) == ([] if mark is None else [mark])
    if mark is not None:
        assert found[mark].variables["activities"] == times
        assert found[mark].occurrence == f"milestone:{mark}"


async def test_each_mark_is_sent_once_ever(programme: Programme) -> None:
    user = await programme.person()
    sent: list[str] = []
    for day, more in enumerate([10, 5, 40, 10, 40, 10, 100]):
        await programme.at(NOW + timedelta(days=day, minutes=day))
        await active(programme, user, more)
        sent += await send(programme, MARKS)
    assert sent == ["milestone:10", "milestone:50", "milestone:100"]


async def test_a_lower_mark_is_not_sent_after_a_higher_one_even_if_the_count_falls(programme: Programme) -> None:
    user = await programme.person()
    await active(programme, user, 60)
    assert await send(programme, MARKS) == ["milestone:50"]
    await programme.sql.execute("delete from team.activity where activity_date < %s", [NOW - timedelta(minutes=12)])
    await programme.at(NOW + timedelta(days=2))
    assert await send(programme, MARKS) == []
    numbers = await programme.claim(MARKS)
    assert dict(numbers.refusals) == {"already_notified": 1}
    await active(programme, user, 100)
    assert await send(programme, MARKS) == ["milestone:100"]


async def test_a_mark_taken_out_of_the_configuration_does_not_bring_back_a_lower_one(programme: Programme) -> None:
    user = await programme.person()
    await active(programme, user, 120)
    assert await send(programme, MARKS) == ["milestone:100"]
    await programme.at(NOW + timedelta(days=2))
    assert await send(programme, scenario("milestone", at=[10, 50])) == []


async def test_a_mark_whose_send_is_uncertain_is_spent_for_lower_marks_too(programme: Programme) -> None:
    user = await programme.person()
    await active(programme, user, 60)
    _, units = await programme.armed_units(MARKS)
    await programme.store.hold([(units[0], "timeout")])
    await programme.at(NOW + timedelta(hours=1))
    await programme.store.sweep()
    await programme.at(NOW + timedelta(days=3))
    assert await send(programme, scenario("milestone", at=[10])) == []


async def test_other_peoples_activities_do_not_count(programme: Programme) -> None:
    one, other = await programme.person(), await programme.person()
    await active(programme, one, 9)
    await active(programme, other, 10)
    assert list(await programme.due(MARKS)) == [other]


async def test_an_activity_that_lies_ahead_or_means_never_does_not_count(programme: Programme) -> None:
    planned, done = await programme.person(), await programme.person()
    await active(programme, planned, 9)
    await active(programme, done, 10)
    ahead = [NOW + timedelta(minutes=1), NOW + timedelta(days=9), "9999-12-31", "infinity", "0001-01-01", "1970-01-01"]
    for user in (planned, done):
        await programme.activity(user, *ahead)
    assert {user: one.variables["activities"] for user, one in (await programme.due(MARKS)).items()} == {done: 10}


@pytest.mark.parametrize(
    ("days", "threshold"), [(-1, None), (0, 1), (1, 1), (2, 7), (7, 7), (8, 30), (30, 30), (31, None)]
)
async def test_a_certificate_is_due_from_its_threshold_to_its_last_day(
    programme: Programme, days: int, threshold: int | None
) -> None:
    user = await programme.person()
    certificate = await programme.certificate(user, TODAY + timedelta(days=days))
    due = await programme.due(RENEW)
    if threshold is None:
        assert due == {}
        return
    expires_on = (TODAY + timedelta(days=days)).isoformat()
    assert due[user].occurrence == f"expiry:{certificate}:{expires_on}:{threshold}d"
    assert due[user].variables == {
        "first_name": "Ada",
        "certificate": "First aid",
        "expires_on": expires_on,
        "days_left": days,
        "days_ago": 0,
        "expired": "no",
        "threshold": threshold,
    }


@pytest.mark.parametrize(
    ("zone", "expires_on", "days_left"),
    [
        # At this instant Auckland and Kiritimati have the 11th, Los Angeles and Pago Pago the 10th.
        ("Pacific/Auckland", date(2026, 3, 10), None),
        ("Pacific/Auckland", date(2026, 3, 11), 0),
        ("America/Los_Angeles", date(2026, 3, 10), 0),
        ("America/Los_Angeles", date(2026, 3, 9), None),
        ("Pacific/Auckland", date(2026, 4, 10), 30),
        ("America/Los_Angeles", date(2026, 4, 10), None),
        ("Pacific/Kiritimati", date(2026, 3, 12), 1),
        ("Pacific/Pago_Pago", date(2026, 3, 11), 1),
    ],
)
async def test_days_left_are_counted_in_the_persons_time_zone(
    programme: Programme, zone: str, expires_on: date, days_left: int | None
) -> None:
    user = await programme.person(timezone=zone)
    await programme.certificate(user, expires_on)
    due = await programme.due(RENEW)
    assert [candidate.variables["days_left"] for candidate in due.values()] == (
        [] if days_left is None else [days_left]
    )


async def test_the_most_urgent_certificate_wins_and_the_next_one_follows_when_it_is_spent(
    programme: Programme,
) -> None:
    user = await programme.person()
    later = await programme.certificate(user, TODAY + timedelta(days=20), "Later")
    sooner = await programme.certificate(user, TODAY + timedelta(days=3), "Sooner")
    await programme.certificate(user, TODAY - timedelta(days=3), "Gone")
    assert await send(programme, RENEW) == [f"expiry:{sooner}:2026-03-13:7d"]
    assert dict((await programme.claim(RENEW)).refusals) == {"cooldown": 1}
    await programme.at(NOW + timedelta(days=1, minutes=1))
    assert await send(programme, RENEW) == [f"expiry:{later}:2026-03-30:30d"]
    # The certificate that ends first now has one day left: it is urgent again.
    await programme.at(NOW + timedelta(days=2, minutes=2))
    assert await send(programme, RENEW) == [f"expiry:{sooner}:2026-03-13:1d"]


async def test_each_certificate_and_threshold_is_sent_once(programme: Programme) -> None:
    user = await programme.person()
    await programme.certificate(user, TODAY + timedelta(days=32))
    sent: list[str] = []
    for day in range(36):
        await programme.at(NOW + timedelta(days=day, minutes=day))
        sent += [occurrence.rpartition(":")[2] for occurrence in await send(programme, RENEW)]
    assert sent == ["30d", "7d", "1d"]


async def test_a_certificate_renewed_in_place_is_a_new_occasion(programme: Programme) -> None:
    user = await programme.person()
    certificate = await programme.certificate(user, TODAY)
    assert await send(programme, RENEW) == [f"expiry:{certificate}:2026-03-10:1d"]
    await programme.sql.execute("update team.certificate set expires_on = expires_on + 30")
    await programme.at(NOW + timedelta(days=1, minutes=1))
    assert await send(programme, RENEW) == [f"expiry:{certificate}:2026-04-09:30d"]


@pytest.mark.parametrize(
    ("name", "days", "renewed"),
    [
        pytest.param("First aid", 730, True, id="renewed"),
        (" first AID", 6, True),
        ("First aid", "infinity", True),
        ("First aid", "9999-12-31", True),
        ("First aid", 5, False),
        ("First aid", 4, False),
        ("First aid", None, False),
        ("Lifeguard", 730, False),
        (None, 730, False),
    ],
)
async def test_a_certificate_that_another_of_the_same_name_outlasts_is_not_due(
    programme: Programme, name: str | None, days: int | str | None, renewed: bool
) -> None:
    user, other = await programme.person(), await programme.person()
    first = await programme.certificate(user, TODAY + timedelta(days=5))
    untouched = await programme.certificate(other, TODAY + timedelta(days=5))
    until = TODAY + timedelta(days=days) if isinstance(days, int) else days
    await programme.sql.execute(
        "insert into team.certificate values (gen_random_uuid(), %s, %s, %s)", [user, name, until]
    )
    named = [one.occurrence.split(":")[1] for one in (await programme.due(RENEW)).values()]
    assert str(untouched) in named
    if days not in (5, 4):
        assert (str(first) in named) is not renewed


@pytest.mark.parametrize("value", ["infinity", "-infinity", "0001-01-01", "1970-01-01", "9999-12-31"])
async def test_a_certificate_without_end_does_not_stop_the_scenario(programme: Programme, value: str) -> None:
    user, other = [await programme.person() for _ in range(2)]
    await programme.certificate(user, value, "Other")
    await programme.certificate(user, TODAY)
    await programme.certificate(other, value)
    due = await programme.due(scenario("expiry", before=["7d"], after=["1d"]))
    assert {one: said.variables["days_left"] for one, said in due.items()} == {user: 0}


async def test_the_certificate_that_expires_next_counts_before_the_one_that_expired_last(programme: Programme) -> None:
    both = scenario("expiry", before=["7d"], after=["1d", "14d"], cooldown="1h")
    person = await programme.person()
    soon, lately, long_ago = [
        await programme.certificate(person, TODAY + timedelta(days), f"{days}") for days in (6, -2, -400)
    ]
    for certificate, ended in ((soon, f"{TODAY + timedelta(6)}:7d"), (lately, f"{TODAY - timedelta(2)}:-1d"),
                               (long_ago, f"{TODAY - timedelta(400)}:-14d")):  # fmt: skip
        assert (await programme.due(both))[person].occurrence == f"expiry:{certificate}:{ended}"
        await programme.sql.execute(
            "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, occurrence) "
            "values (gen_random_uuid(), %s, 'nudge', gen_random_uuid(), %s)",
            [person, f"expiry:{certificate}:{ended}"],
        )
    assert (await programme.due(both))[person].refusal == "already_notified"


async def test_a_certificate_without_an_id_gets_no_push_and_does_not_stop_the_others(programme: Programme) -> None:
    nameless, other = [await programme.person() for _ in range(2)]
    await programme.certificate(nameless, NOW.date() + timedelta(days=3), "lost")
    await programme.certificate(other, NOW.date() + timedelta(days=3))
    await programme.sql.execute(
        "create or replace view rekindle_source.certification as select "
        "case when name <> 'lost' then certification_id end as certification_id, user_id, name, expires_on "
        "from team.certificate"
    )
    numbers = await programme.claim(scenario("expiry", before=["7d"]))
    assert (numbers.claimed, numbers.not_due) == (1, 1)
