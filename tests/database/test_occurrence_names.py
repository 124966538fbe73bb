"""An occurrence keeps its name, whatever is edited after its push: time zones, places, dates that
are corrected, and the thresholds of the scenario."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from conftest import one_server
from rekindle.model import Acceptance
from rekindle.scenario import AnyScenario
from team.programme import Programme, open_programme, scenario

server = one_server

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LAST = datetime(2026, 11, 5, 23, 0, tzinfo=UTC)  # the 5th in UTC, the 6th in Seoul
LATER = NOW + timedelta(days=12)
ORGANISATION, CHAPTER, ELSEWHERE = uuid4(), uuid4(), uuid4()
AWAY = scenario("inactivity", after=["14d"])


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute("insert into team.organisation values (%s, null)", [ORGANISATION])
        await programme.sql.execute(
            "insert into team.chapter values (%s, null), (%s, 'Asia/Seoul')", [CHAPTER, ELSEWHERE]
        )
        await programme.at(NOW)
        yield programme


async def send(programme: Programme, one: AnyScenario, *, timezone: str = "UTC") -> list[str]:
    """Claim, arm and record everybody who is due; return their occurrences."""
    run_id, units = await programme.armed_units(one, timezone=timezone)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])
    rows = await programme.rows("select occurrence from rekindle.scenario_notification where run_id = %s", run_id)
    return sorted(row["occurrence"] for row in rows)


async def someone(programme: Programme, *active: datetime | date | str) -> UUID:
    """A person without a time zone, in a chapter and an organisation without one."""
    user = await programme.person(timezone=None, organisation_id=ORGANISATION)
    await programme.sql.execute("update team.person set chapter_id = %s", [CHAPTER])
    await programme.activity(user, *active)
    return user


EDITS = {
    "the person's time zone": "update team.person set timezone = 'Asia/Seoul'",
    "the chapter's time zone": "update team.chapter set timezone = 'Asia/Seoul'",
    "the organisation's time zone": "update team.organisation set timezone = 'Asia/Seoul'",
    "the person's chapter": f"update team.person set chapter_id = '{ELSEWHERE}'",
    "the second of the activity": "update team.activity set activity_date = activity_date + interval '3601 seconds'",
    "a late activity": "insert into team.activity select user_id, activity_date + interval '3 days' from team.activity",
    "the type of the column": "create or replace view rekindle_source.activity as select user_id, "
    "timezone('Asia/Seoul', activity_date)::date::timestamptz as activity_date from team.activity",
}


@pytest.mark.parametrize("edited", [*EDITS, "run.timezone"])
async def test_an_absence_keeps_its_name_whatever_is_edited_after_its_push(programme: Programme, edited: str) -> None:
    await someone(programme, LAST)
    assert await send(programme, AWAY) == ["inactive:2026-11-05:14d"]
    if edited in EDITS:
        await programme.sql.execute(EDITS[edited].encode())
    zone = "Asia/Seoul" if edited == "run.timezone" else "UTC"
    await programme.at(LATER)
    assert (await programme.claim(AWAY, timezone=zone)).refusals == {"already_notified": 1}
    # The next stage belongs to the same absence, so its limit and its back-off go on.
    stages = ["14d", "28d"]
    for key, reason in (("limit", "absence_limit"), ("back_off", None)):
        one = scenario("inactivity", after=stages, **{key: 1 if key == "limit" else 10})
        assert [person.refusal for person in (await programme.due(one, timezone=zone)).values()] == [reason]
    assert await send(programme, scenario("inactivity", after=stages), timezone=zone) == ["inactive:2026-11-05:28d"]
    await programme.at(LATER + timedelta(days=2))
    days = max(person.variables["days"] for person in (await programme.due(AWAY, timezone=zone)).values())
    backed_off = scenario("inactivity", after=[*stages, f"{days}d"], back_off=10)
    assert (await programme.claim(backed_off, timezone=zone)).refusals == {"back_off": 1}


async def test_an_absence_of_a_day_is_named_by_the_utc_date(programme: Programme) -> None:
    # The push is sent within a day of the activity, so only the date tells that the absence is the
    # same: the 24th in UTC, the 25th in Seoul.
    soon = scenario("inactivity", after=["1d"])
    await someone(programme, NOW - timedelta(hours=13))
    assert await send(programme, soon) == ["inactive:2026-11-24:1d"]
    await programme.sql.execute(EDITS["the person's time zone"].encode())
    await programme.at(NOW + timedelta(days=1, minutes=1))
    assert (await programme.claim(soon)).refusals == {"already_notified": 1}


@pytest.mark.parametrize(
    ("after", "sent"),
    [
        (["10d"], []),  # the push was for a later stage
        (["15d"], []),  # reached already when the push was sent, 20 days after the activity
        (["14d", "19d"], []),
        (["14d", "21d"], ["inactive:2026-11-05:21d"]),
        (["28d"], ["inactive:2026-11-05:28d"]),
    ],
)
async def test_stages_that_were_reached_at_a_push_stay_spent_when_they_are_edited(
    programme: Programme, after: list[str], sent: list[str]
) -> None:
    await someone(programme, LAST)
    await send(programme, AWAY)
    await programme.at(LATER)
    assert await send(programme, scenario("inactivity", after=after)) == sent


@pytest.mark.parametrize(
    ("activity_type", "back"),
    [
        ("timestamptz", NOW + timedelta(seconds=1)),
        ("timestamptz", NOW.replace(hour=0)),  # a column that is cut to the date
        ("timestamp", "2026-11-25 00:00"),
        ("date", NOW.date()),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
async def test_a_person_who_comes_back_on_the_day_of_a_push_begins_another_absence(
    database_url: str, activity_type: str, back: datetime | date | str, zone: str
) -> None:
    async with open_programme(database_url, activity_type=activity_type) as programme:
        await programme.at(NOW)
        user = await programme.person(timezone=zone)
        await programme.activity(user, LAST.date())
        assert await send(programme, AWAY) == ["inactive:2026-11-05:14d"]
        await programme.activity(user, back)
        await programme.at(NOW + timedelta(days=15))
        assert await send(programme, AWAY) == ["inactive:2026-11-25:14d"]


async def test_an_unknown_push_names_an_absence_too(programme: Programme) -> None:
    await someone(programme, LAST)
    _, [unit] = await programme.armed_units(AWAY)
    await programme.store.hold([(unit, "timeout")])
    await programme.at(NOW + timedelta(days=1))
    await programme.store.sweep()
    await programme.store.sweep()
    await programme.sql.execute(EDITS["the second of the activity"].encode())
    await programme.at(LATER)
    assert (await programme.claim(AWAY)).refusals == {"already_notified": 1}


@pytest.mark.parametrize(
    ("moved", "before", "sent"),
    [
        (1, ["7d"], None),  # a view that takes the date from an instant, in another zone
        (-1, ["7d"], None),
        (0, ["10d"], None),  # the push was for a more urgent threshold
        (0, ["6d"], None),  # within it when the push was sent, five days before
        (0, ["7d", "3d"], 3),
        (365, ["400d"], 400),  # renewed in place
    ],
)
async def test_a_certificate_keeps_its_name_while_its_date_and_thresholds_are_edited(
    programme: Programme, moved: int, before: list[str], sent: int | None
) -> None:
    user = await someone(programme)
    expires_on = NOW.date() + timedelta(days=5)
    certificate = await programme.certificate(user, expires_on)
    assert await send(programme, scenario("expiry", before=["7d"])) == [f"expiry:{certificate}:{expires_on}:7d"]
    expires_on += timedelta(days=moved)
    await programme.sql.execute("update team.certificate set expires_on = %s", [expires_on])
    await programme.at(NOW + timedelta(days=2, minutes=1))
    one: Any = scenario("expiry", before=before)
    assert await send(programme, one) == ([] if sent is None else [f"expiry:{certificate}:{expires_on}:{sent}d"])
    if sent is None:
        assert [person.refusal for person in (await programme.due(one)).values()] == ["already_notified"]


@pytest.mark.parametrize(
    ("moved", "after", "sent"),
    [
        (1, ["1d"], None),
        (-1, ["1d"], None),
        (0, ["2d"], None),  # it had expired so long ago already when the push was sent
        (0, ["1d", "7d"], 7),
        (-30, ["1d"], 1),  # another certificate, by its date
    ],
)
async def test_an_expired_certificate_keeps_its_name_too(
    programme: Programme, moved: int, after: list[str], sent: int | None
) -> None:
    user = await someone(programme)
    expires_on = NOW.date() - timedelta(days=3)
    certificate = await programme.certificate(user, expires_on)
    assert await send(programme, scenario("expiry", after=["1d"])) == [f"expiry:{certificate}:{expires_on}:-1d"]
    expires_on += timedelta(days=moved)
    await programme.sql.execute("update team.certificate set expires_on = %s", [expires_on])
    await programme.at(NOW + timedelta(days=5))
    one: Any = scenario("expiry", after=after)
    assert await send(programme, one) == ([] if sent is None else [f"expiry:{certificate}:{expires_on}:-{sent}d"])
