"""Events: what is sent about a shift that is cancelled, moved, or about to begin."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from rekindle.engine.check_reach import check_reach
from rekindle.engine.compose import Composer
from rekindle.engine.explain import explain
from rekindle.model import Acceptance
from rekindle.ports import Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import KINDS, Config
from rekindle.scenario.kinds.event import LONGEST_SECONDS
from team.programme import TEXT, Programme, applied, open_programme, scenario

server = one_server
NOW = datetime(2026, 10, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def shift(**keys: Any) -> Any:
    return scenario("event", **{"before": ["24h", "2h"], "cooldown": "30m", **keys})


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def pushed(programme: Programme) -> list[str]:
    """Claim, arm and record whatever is due now; the occurrences of it."""
    run_id, units = await programme.claimed_units(shift())
    assert set((await programme.store.arm(units, lease_seconds=30)).values()) <= {"armed"}
    ends = await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units])
    assert ends == ["recorded"] * len(units)
    claims = [unit.claim_id for unit in units]
    rows = await programme.rows("select occurrence from rekindle.scenario_notification where id = any(%s)", claims)
    return [row["occurrence"] for row in rows]


async def test_two_shifts_of_one_day_are_each_told_twice_and_one_that_moves_only_if_it_moves_far(
    programme: Programme,
) -> None:
    # The clocks change in the night of 25 October: 24 hours are 24 hours.
    user = await programme.person(timezone="Europe/Oslo")
    early, late = NOW + 24 * HOUR, NOW + 27 * HOUR
    await programme.event("early", user, early)
    await programme.event("late", user, late)
    told: dict[float, list[str]] = {}

    async def after(hours: float) -> None:
        await programme.at(NOW + hours * HOUR)
        told[hours] = await pushed(programme)

    for hours in (0.0, 1.0, 3.0, 20.0, 22.0, 22.5):
        await after(hours)
    assert told == {
        0.0: ["event:early:2026-10-25T09:00:00Z:1440m"],
        1.0: [],
        3.0: ["event:late:2026-10-25T12:00:00Z:1440m"],
        20.0: [],
        22.0: ["event:early:2026-10-25T09:00:00Z:120m"],
        22.5: [],
    }
    move = "update team.event set starts_at = %s where event_id = %s"
    # By ten minutes, and by less than the threshold of either push: the same occasion.
    for minutes in (10, -10, 119):
        await programme.sql.execute(move, [early + timedelta(minutes=minutes), "early"])
        await after(22.6 + minutes / 10_000)
    # By two hours: the push of 2h is another occasion, that of 24h is not.
    await programme.sql.execute(move, [early + 2 * HOUR, "early"])
    await after(23.0)
    await after(24.0)
    assert [told[hours] for hours in sorted(told)[6:]] == [[], [], [], [], ["event:early:2026-10-25T11:00:00Z:120m"]]
    # By a week: both are.
    await programme.sql.execute(move, [early + 168 * HOUR, "early"])
    await programme.sql.execute("delete from team.event where event_id = 'late'")
    for hours in (24.6, 168.0, 190.0):
        await after(hours)
    assert [told[hours] for hours in (24.6, 168.0, 190.0)] == [
        [],
        ["event:early:2026-11-01T09:00:00Z:1440m"],
        ["event:early:2026-11-01T09:00:00Z:120m"],
    ]
    await after(192.0)
    assert told[192.0] == []


async def test_nothing_is_sent_about_an_event_that_is_gone_moved_or_has_begun_since_the_claim(
    programme: Programme,
) -> None:
    same, gone, moved, begun, other = [await programme.person() for _ in range(5)]
    for number, user in enumerate((same, gone, moved, begun, other)):
        await programme.event(f"e{number}", user, NOW + HOUR)
    run_id, units = await programme.claimed_units(shift())
    assert len(units) == 5
    await programme.sql.execute("delete from team.event where user_id = %s", [gone])
    for user, starts_at in ((moved, NOW + HOUR + timedelta(seconds=1)), (begun, NOW + HOUR)):
        await programme.sql.execute("update team.event set starts_at = %s where user_id = %s", [starts_at, user])
    # The event of somebody else at that time is not theirs.
    await programme.sql.execute("update team.event set event_id = 'e9' where user_id = %s", [other])
    verdicts = await programme.store.arm([unit for unit in units if unit.user_id != begun], lease_seconds=30)
    assert {unit.user_id: verdicts[unit.claim_id, unit.device_id] for unit in units if unit.user_id != begun} == {
        same: "armed",
        gone: "no_longer_due",
        moved: "no_longer_due",
        other: "no_longer_due",
    }
    await programme.at(NOW + HOUR)
    last = [unit for unit in units if unit.user_id == begun]
    assert list((await programme.store.arm(last, lease_seconds=30)).values()) == ["no_longer_due"]
    assert run_id


async def test_a_push_that_quiet_hours_hold_is_never_sent_after_the_event_has_begun(programme: Programme) -> None:
    night = shift(quiet_hours="09:30-12:00", relevance="1d")
    user = await programme.person()
    await programme.event("shift", user, NOW + 2 * HOUR)
    run_id, units = await programme.claimed_units(night)
    (row,) = await programme.rows("select give_up_at from rekindle.outbox")
    assert row["give_up_at"] == NOW + 2 * HOUR
    assert units[0].relevant_seconds == 7_200
    assert Composer(night).message(units[0]).ttl_seconds == 7_200
    assert Composer(shift(ttl="5m")).message(units[0]).ttl_seconds == 300
    # The run goes on in the quiet hours; they end after the event has begun.
    await programme.at(NOW + HOUR)
    assert list((await programme.store.arm(units, lease_seconds=30)).values()) == ["quiet_hours"]
    assert (await programme.due(night))[user].refusal == "in_flight"
    await programme.at(NOW + 3 * HOUR)
    assert await programme.due(night) == {}
    await programme.store.release(run_id)
    await programme.store.sweep()
    assert await programme.state(units[0]) == "dead:stale"


async def test_explain_and_check_say_what_becomes_of_events(programme: Programme) -> None:
    user, nobody = await programme.person(), await programme.person()
    for hours in (-1, 30, 40):
        await programme.event(f"e{hours}", user, NOW + hours * HOUR)

    async def known(who: UUID) -> str:
        explanations = PostgresExplanations(programme.database)
        [one] = await explain(explanations, who, [applied(shift())], terms=Terms(timezone="UTC"))
        facts = next(condition.facts for condition in one.conditions if condition.reason == "not_due")
        return KINDS["event"].explained(facts)

    assert await known(user) == (
        "event e30, the next of 2, begins at 2026-10-25 15:00 UTC (in 1,800 minutes); the thresholds are 2h, 1d"
    )
    assert await known(nobody) == "no event ahead; the thresholds are 2h, 1d"

    async def notes(**keys: Any) -> list[str]:
        whole = {"kind": "event", "before": ["24h", "2h"], "cooldown": "1h", "message": TEXT}
        config = Config.model_validate({"scenario": {"shift": whole | keys}})
        return [finding.message for finding in await check_reach(config, PostgresSource(programme.database), ())]

    assert await notes() == []
    (note,) = await notes(schedule="*/5 * * * *", cooldown="3h")
    assert note.startswith("scenario shift: a cooldown of 3h is not shorter than the threshold 2h")
    (note,) = await notes(schedule="7 */6 * * *")
    assert note.startswith("scenario shift: its schedule begins a run every 6h, and the threshold 2h may pass")


def test_a_prune_forgets_an_event_no_earlier_than_the_longest_threshold_after_it_began() -> None:
    sql = resources.files("rekindle.scenario.kinds").joinpath("event/useless.sql").read_text(encoding="utf-8")
    assert f"interval '{LONGEST_SECONDS // 86_400} days'" in sql
