"""The idempotency key: one formula, in SQL and in Python, and the constraints that depend on it."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from rekindle.model import Acceptance
from rekindle.policy import idempotency_key
from team.programme import open_programme, wanted

pytestmark = pytest.mark.usefixtures("database_url")
USER = UUID("6f1c2c1e-90bb-4c0e-9d0b-3f6f6f0e8a11")


async def in_sql(sql: psycopg.AsyncConnection, user: str, scenario_type: str, day: str) -> str:
    cursor = await sql.execute(
        "select rekindle.idempotency_key(%s::uuid, %s, %s::date) as key", [user, scenario_type, day]
    )
    return (await cursor.fetchone())["key"]


async def test_the_key_is_the_sha256_of_the_concatenated_text(sql: psycopg.AsyncConnection) -> None:
    golden = hashlib.sha256(b"6f1c2c1e-90bb-4c0e-9d0b-3f6f6f0e8a11inactivity2026-03-09").hexdigest()
    assert golden == golden.lower()
    assert len(golden) == 64
    assert idempotency_key(USER, "inactivity", date(2026, 3, 9)) == golden
    assert await in_sql(sql, str(USER), "inactivity", "2026-03-09") == golden


@pytest.mark.parametrize(
    "written", [str(USER).upper(), f"{{{USER}}}", USER.hex, USER.hex.upper()], ids=["upper", "braces", "bare", "BARE"]
)
async def test_the_key_does_not_depend_on_how_the_uuid_was_written(sql: psycopg.AsyncConnection, written: str) -> None:
    expected = idempotency_key(USER, "expiry", date(2026, 12, 31))
    assert idempotency_key(UUID(written), "expiry", date(2026, 12, 31)) == expected
    assert await in_sql(sql, written, "expiry", "2026-12-31") == expected


async def test_sql_and_python_agree_on_thousands_of_keys(sql: psycopg.AsyncConnection) -> None:
    cursor = await sql.execute(
        "select u, s, d, rekindle.idempotency_key(u, s, d) as key from ("
        " select gen_random_uuid() as u, s, date '0001-01-01' + (random() * 3652058)::int as d"
        " from unnest(array['a', 'first-activity', 'x_1', 'z' || repeat('9', 62), 'ünïcode']) s,"
        " generate_series(1, 500)"
        ") made"
    )
    rows = await cursor.fetchall()
    assert len(rows) == 2_500
    assert [row["key"] for row in rows] == [idempotency_key(row["u"], row["s"], row["d"]) for row in rows]


@pytest.mark.parametrize("style", ["SQL, DMY", "German", "Postgres, MDY", "ISO, YMD"])
async def test_the_key_is_the_same_whatever_the_sessions_date_style_and_time_zone(
    sql: psycopg.AsyncConnection, style: str
) -> None:
    await sql.execute("select set_config('DateStyle', %s, false), set_config('TimeZone', 'Asia/Tokyo', false)", [style])
    cursor = await sql.execute(
        "select rekindle.idempotency_key(%s, 'inactivity', make_date(2026, 3, 9)) as key", [USER]
    )
    assert (await cursor.fetchone())["key"] == idempotency_key(USER, "inactivity", date(2026, 3, 9))


@pytest.mark.parametrize("session_zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_the_record_carries_the_key_of_the_utc_date_of_its_evaluation(
    database_url: str, session_zone: str
) -> None:
    ledger_url = f"{database_url}?options=-c%20TimeZone%3D{session_zone}"
    async with open_programme(database_url, ledger_url=ledger_url) as programme:
        await programme.at(datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC))
        user = await programme.person(timezone="Pacific/Auckland")
        await programme.want(user)
        run_id, units = await programme.armed_units(wanted())
        # The answer comes after midnight; the key and its date are those of the claim.
        await programme.at(datetime(2026, 3, 10, 0, 0, 5, tzinfo=UTC))
        assert await programme.store.record(run_id, [Acceptance(units[0], "projects/p/messages/1")]) == ["recorded"]
        record = (await programme.rows("select * from rekindle.scenario_notification"))[0]
    assert record["idempotency_key"] == idempotency_key(user, "nudge", date(2026, 3, 9)) == units[0].idempotency_key
    assert record["user_id"] == user
    assert record["scenario_type"] == "nudge"
    assert record["id"] == units[0].claim_id
    assert record["cooldown_window_start"] == datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC)
    assert record["dispatched_at"] == datetime(2026, 3, 10, 0, 0, 5, tzinfo=UTC)


async def test_two_occurrences_of_one_day_are_both_recorded_if_the_key_includes_the_occurrence(
    database_url: str,
) -> None:
    day = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    async with open_programme(database_url) as programme:
        user = await programme.person()
        for key, recorded in (("day", ["a"]), ("occurrence", ["a", "b", "c"])):
            one = wanted(cooldown="1h", key=key)
            for hours, occurrence in enumerate("abc"):
                await programme.at(day + timedelta(hours=2 * hours))
                await programme.want(user, occurrence=occurrence)
                run_id = await programme.run()
                numbers = await programme.claim(one, run_id=run_id, scenario_type=key)
                assert dict(numbers.refusals) == ({} if occurrence in recorded else {"already_today": 1})
                for unit in await programme.held(run_id, key):
                    assert await programme.store.arm([unit], lease_seconds=30) == {
                        (unit.claim_id, unit.device_id): "armed"
                    }
                    assert await programme.store.record(run_id, [Acceptance(unit, "n")]) == ["recorded"]
            rows = await programme.rows(
                "select occurrence, idempotency_key from rekindle.scenario_notification where scenario_type = %s "
                "order by occurrence",
                key,
            )
            assert [(row["occurrence"], row["idempotency_key"]) for row in rows] == [
                (occurrence, idempotency_key(user, key, day.date(), occurrence if key == "occurrence" else None))
                for occurrence in recorded
            ]


async def test_another_writer_of_the_key_of_an_occurrence_stops_only_that_occurrence(database_url: str) -> None:
    now = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    one = wanted(key="occurrence")
    add = (
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key)"
        " values (gen_random_uuid(), %s, 'nudge', rekindle.idempotency_key(%s, 'nudge', '2026-03-09', %s))"
    )
    async with open_programme(database_url) as programme:
        await programme.at(now)
        early, late, other, unsure = [await programme.person() for _ in range(4)]
        await programme.want(early, late, other, unsure, occurrence="x")
        for user, occurrence in ((early, "x"), (other, "y")):
            await programme.sql.execute(add, [user, user, occurrence])
        run_id, units = await programme.claimed_units(one)
        assert (await programme.due(one))[early].refusal == "already_today"
        assert {unit.user_id for unit in units} == {late, other, unsure}
        await programme.sql.execute(add, [late, late, "x"])
        verdicts = await programme.store.arm(units, lease_seconds=30)
        by_person = {unit.user_id: verdicts[unit.claim_id, unit.device_id] for unit in units}
        assert by_person == {late: "already_recorded", other: "armed", unsure: "armed"}
        await programme.sql.execute(add, [unsure, unsure, "x"])
        armed = [unit for unit in units if unit.user_id != late]
        ends = await programme.store.record(run_id, [Acceptance(unit, "n") for unit in armed])
        assert {unit.user_id: end for unit, end in zip(armed, ends, strict=True)} == {
            other: "recorded",
            unsure: "conflict",
        }


async def test_no_second_record_can_have_the_same_key(sql: psycopg.AsyncConnection) -> None:
    add = (
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key)"
        " values (%s, %s, %s, %s)"
    )
    await sql.execute(add, [UUID(int=1), USER, "a", "key"])
    with pytest.raises(errors.UniqueViolation, match="scenario_notification_idempotency_key"):
        await sql.execute(add, [UUID(int=2), UUID(int=9), "b", "key"])


async def test_no_second_record_can_have_the_same_person_scenario_and_cooldown_window(
    sql: psycopg.AsyncConnection,
) -> None:
    add = (
        "insert into rekindle.scenario_notification"
        " (id, user_id, scenario_type, idempotency_key, cooldown_window_start)"
        " values (%s, %s, %s, %s, '2026-03-09T10:00:00Z')"
    )
    await sql.execute(add, [UUID(int=1), USER, "a", "key 1"])
    await sql.execute(add, [UUID(int=2), USER, "b", "key 2"])
    with pytest.raises(errors.UniqueViolation, match="scenario_notification_window"):
        await sql.execute(add, [UUID(int=3), USER, "a", "key 3"])
