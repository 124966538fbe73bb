"""How fast sends arrive, by the provider's clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from acceptance.audit import audit
from acceptance.command import engine_over
from acceptance.fixtures import apply
from conftest import shift_clock
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config

Open = Callable[[str], Any]
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
QUOTA = {
    "status": 429,
    "headers": {},
    "body": {
        "error": {
            "code": 429,
            "message": "slow down",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": FCM_ERROR, "errorCode": "QUOTA_EXCEEDED"}],
        }
    },
}


@pytest.fixture
async def engine_with(team: Team, team_worker_url: str, fcm: Sandbox, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens engines as rekindle_worker with the given lines under [dispatcher]."""
    async with AsyncExitStack() as stack:

        async def open_engine(lines: str) -> Engine:
            text = TEAM_CONFIG.replace("[dispatcher]", f"[dispatcher]\n{lines}")
            config = load_config(write_config(tmp_path, text))
            await apply(team.url, config)
            return await stack.enter_async_context(engine_over(team_worker_url, fcm, config))

        yield open_engine


def arrivals(fcm: Sandbox) -> list[float]:
    """Seconds since 1970 at which the sandbox accepted each message, in order."""
    return sorted(datetime.fromisoformat(sent["accepted_at"]).timestamp() for sent in fcm.messages())


def assert_no_earlier(at: list[float], began: float, *, burst: int, per_second: float) -> None:
    """No message arrived before the rate allows it, counted from the beginning of the run. A slow
    machine makes each later, so those that arrive in any one second prove nothing."""
    early = [number for number, one in enumerate(at) if one - began < (number + 1 - burst) / per_second]
    assert early == [], [one - began for one in at]


async def test_a_low_rate_is_respected_and_the_next_run_carries_on(engine_with: Open, team: Team, fcm: Sandbox) -> None:
    team.people(40)
    engine = await engine_with("per_minute = 180")
    began = datetime.now(UTC).timestamp()
    report = await engine.run(budget_seconds=15)
    (one,) = report.scenarios
    assert (report.status, report.exit_code, one.unknown) == ("budget", 3, 0)
    at = arrivals(fcm)
    # Three at once, then at most three per second.
    assert_no_earlier(at, began, burst=3, per_second=3)
    assert len(at) == one.recorded >= 6
    audit(team, fcm)
    faster = await engine_with("per_minute = 600000")
    assert (await faster.run(budget_seconds=60)).scenarios[0].recorded == 40 - one.recorded
    audit(team, fcm)


async def test_a_rate_of_one_per_second_is_respected(engine_with: Open, team: Team, fcm: Sandbox) -> None:
    team.people(20)
    engine = await engine_with("per_minute = 60")
    began = datetime.now(UTC).timestamp()
    report = await engine.run(budget_seconds=12)
    at = arrivals(fcm)
    assert report.status == "budget"
    assert_no_earlier(at, began, burst=1, per_second=1)
    assert 3 <= len(at) <= 8


async def test_a_storm_of_quota_refusals_slows_the_run_and_nothing_is_sent_again_before_its_time(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(400)
    engine = await engine_with("per_minute = 6000\nconcurrency = 50")
    fcm.faults([{"match": {"target": "*"}, "respond": QUOTA}])
    before = fcm.requests()["send"]
    report = await engine.run(budget_seconds=12)
    storm = fcm.requests()["send"] - before
    (one,) = report.scenarios
    # A hundred at once; at a constant hundred per second all 400 would have arrived.
    assert 100 <= storm <= 250
    assert (one.recorded, one.dead, one.unknown, one.pending) == (0, 0, 0, 400)
    assert one.reasons["retry:quota_exceeded"] == storm
    assert team.rows("select count(*) from rekindle.outbox where attempts > 1") == [(0,)]
    assert team.rows(
        "select min(next_try_at - armed_at) >= interval '59 s' from rekindle.outbox where attempts = 1"
    ) == [(True,)]
    fcm.faults([])
    engine = await engine_with("per_minute = 600000")
    later = await engine.run(budget_seconds=60)
    assert later.scenarios[0].recorded == 400 - storm
    shift_clock(team.url, "3 minutes")
    last = await engine.run(budget_seconds=60)
    assert (last.status, last.scenarios[0].recorded) == ("done", storm)
    assert len(fcm.messages()) == 400
    audit(team, fcm)


async def test_a_run_waits_for_what_other_runs_of_the_project_have_reserved(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(3)
    engine = await engine_with("per_minute = 600")
    await engine.run()
    (sent,) = {one for (one,) in team.rows("select account from rekindle.pace")}
    shift_clock(team.url, "8 days")
    team.execute("update team.wanted set occurrence = 'second'")
    fcm.clear()
    started = datetime.now(UTC).timestamp()
    await engine.deps.store.reserve(sent, 30, per_second=10)  # three seconds, less the burst of one
    (one,) = (await engine.run()).scenarios
    assert one.recorded == 3
    assert arrivals(fcm)[0] - started > 1.5
