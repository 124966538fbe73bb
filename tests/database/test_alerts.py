"""Each failed run and each overdue schedule is told once, by one of all workers, and no receiver
holds a run up."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from conftest import one_server
from contract.fcm_server import HANG, Server, certificates, serving
from database.test_ticks import MINUTE, NOON, Fleet
from rekindle.alert import receiver
from rekindle.app import Engine
from rekindle.engine.cycle import Caller
from rekindle.errors import BadArgument, CredentialsRejected
from rekindle.fleet import worker
from rekindle.policy import LOST_SECONDS
from rekindle.ports import FailedTick
from rekindle.postgres.fleet import PostgresFleet
from rekindle.scenario import AlertConfig, Config, Run
from rekindle.settings import Settings
from team.programme import open_programme
from team.waiting import WAIT_SECONDS

server = one_server

KEY = "tick:nudge:2026-03-10T12:01Z"


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Fleet]:
    async with open_programme(database_url) as programme:
        await programme.at(NOON)
        yield Fleet(programme)


@pytest.fixture
async def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates(tmp_path) / "ca.pem"))
    monkeypatch.setenv("REKINDLE_ALERT_SECRET", "s3cret-of-the-tests-0123456789abcdef")
    async with serving(tmp_path, protocol="http/1.1") as one:
        yield one


async def failed(fleet: Fleet, *, times: int = 1) -> list[FailedTick]:
    """What that many workers find that look at once."""
    ports = (PostgresFleet(fleet.programme.database) for _ in range(times))
    return [one for found in await asyncio.gather(*(port.failed() for port in ports)) for one in found]


async def overdue(fleet: Fleet, *, times: int = 1) -> list[str]:
    port = PostgresFleet(fleet.programme.database)
    schedules = await port.schedules()
    return [one for found in await asyncio.gather(*(port.overdue(schedules) for _ in range(times))) for one in found]


async def attempt(fleet: Fleet) -> None:
    (work,) = await fleet.found()
    with pytest.raises(CredentialsRejected):
        await fleet.foreman().run(work, Caller())


async def test_a_run_that_could_not_start_is_told_once_however_often_it_is_tried(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    fleet.dispatcher.fault = CredentialsRejected()
    await fleet.programme.at(NOON + MINUTE)
    await attempt(fleet)
    told = await failed(fleet, times=8)
    assert [(one.tick.key, one.attempt, one.status) for one in told] == [(KEY, 1, "not_started")]
    await fleet.programme.at(NOON + 2 * MINUTE)
    await attempt(fleet)
    assert (await fleet.keys())[-1] == (KEY, 2, "not_started")
    assert await failed(fleet) == []


async def test_an_abandoned_run_is_told_and_one_that_ended_well_is_not(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    await fleet.programme.at(NOON + MINUTE)
    await fleet.found()  # and its process dies here
    await fleet.programme.at(NOON + 2 * MINUTE + timedelta(seconds=LOST_SECONDS))
    (report,) = await fleet.tick()
    assert report.status == "done"
    assert [(one.attempt, one.status) for one in await failed(fleet)] == [(1, "abandoned")]


async def test_what_failed_long_ago_is_not_told(fleet: Fleet) -> None:
    await fleet.apply(nudge="1 12 * * *")
    fleet.dispatcher.fault = CredentialsRejected()
    await fleet.programme.at(NOON + MINUTE)
    await attempt(fleet)
    await fleet.programme.at(NOON + 62 * MINUTE)
    assert await failed(fleet) == []


async def test_an_overdue_schedule_is_told_once_until_it_is_begun_again(fleet: Fleet) -> None:
    await fleet.apply(nudge="*/5 * * * *", other="1 13 * * *")
    await fleet.programme.at(NOON + 30 * MINUTE)
    assert sorted(await overdue(fleet, times=8)) == ["nudge", "other"]
    await fleet.programme.at(NOON + 40 * MINUTE)
    assert await overdue(fleet) == []
    await fleet.found()
    await fleet.programme.at(NOON + 60 * MINUTE)
    assert await overdue(fleet) == ["nudge"]


async def engine(fleet: Fleet, url: str, hook: Server, **run: Any) -> Any:
    config = Config(
        run=Run(**run),
        alert=AlertConfig(
            allow_private=True,
            heartbeat_url=SecretStr(f"{hook.url}/ping"),
            webhook_url=SecretStr(f"{hook.url}/hook"),
        ),
    )
    return Engine.open(Settings(database_url=SecretStr(url)), config, dispatcher=fleet.dispatcher)


def events(hook: Server) -> list[tuple[str, str | None]]:
    """What the receiver was sent since the last call: pings, and events with their codes."""
    found: list[tuple[str, str | None]] = []
    for one in hook.requests:
        said = json.loads(one.body) if one.body else {"event": one.path, "code": None}
        found.append((said["event"], said["code"]))
    hook.requests.clear()
    return found


async def test_a_tick_sends_the_heartbeat_after_a_good_run_and_tells_of_any_other(
    fleet: Fleet, database_url: str, hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fleet.apply(nudge="*/5 * * * *")
    async with await engine(fleet, database_url, hook, guard_floor=0) as one:
        assert await one.tick() == []
        assert events(hook) == []
        await fleet.programme.at(NOON + 5 * MINUTE)
        (report,) = await one.tick()
        assert (report.status, events(hook)) == ("done", [("/ping", None)])
        await fleet.programme.people(3)
        await fleet.programme.at(NOON + 10 * MINUTE)
        (report,) = await one.tick()
        assert (report.status, events(hook)) == ("halted", [("run.guarded", "RK502")])
        fleet.dispatcher.fault = CredentialsRejected("the text of the fault")
        await fleet.programme.at(NOON + 15 * MINUTE)
        with pytest.raises(CredentialsRejected):
            await one.tick()
        assert b"the text of the fault" not in hook.requests[0].body
        assert events(hook) == [("run.not_started", "RK402")]
        await fleet.programme.at(NOON + 40 * MINUTE)
        fleet.dispatcher.fault = None
        (report, *_) = await one.tick()
        assert ("schedule.overdue", None) in events(hook)
        monkeypatch.setattr(receiver, "ANSWER_SECONDS", 0.2)
        hook.answer = lambda _: HANG
        await fleet.programme.at(NOON + 45 * MINUTE)
        began = time.monotonic()
        assert len(await one.tick()) == 1
        assert time.monotonic() - began < WAIT_SECONDS
        said = [(found.message, found.fault) for found in await one.check() if found.subject == "alert"]
        assert said == [("the heartbeat is set", None), ("the webhook is set", None)]
        assert hook.requests[2:] == []


async def test_a_secret_that_is_missing_is_reported_before_anything_is_begun(
    fleet: Fleet, database_url: str, hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REKINDLE_ALERT_SECRET")
    await fleet.apply(nudge="* * * * *")
    await fleet.programme.at(NOON + MINUTE)
    async with await engine(fleet, database_url, hook) as one:
        for begin in (one.tick(), one.work(stop=asyncio.Event())):
            with pytest.raises(BadArgument, match="needs REKINDLE_ALERT_SECRET"):
                await begin
        assert [found.fault and found.fault.code for found in await one.check() if found.subject == "alert"] == [
            "RK106"
        ]
    assert await fleet.keys() == []


async def test_a_worker_tells_while_it_works_and_a_receiver_that_hangs_holds_up_nothing(
    fleet: Fleet, database_url: str, hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOOK_SECONDS", "TELL_SECONDS"):
        monkeypatch.setattr(worker, name, 0.02)
    monkeypatch.setattr(receiver, "ANSWER_SECONDS", 1.0)
    await fleet.apply(nudge="* * * * *")
    stop = asyncio.Event()
    async with await engine(fleet, database_url, hook) as one:
        hook.answer = lambda _: HANG
        await fleet.programme.at(NOON + 30 * MINUTE)  # nobody was there for half an hour
        working = asyncio.create_task(one.work(stop=stop))
        for minute in (31, 32):
            while await fleet.programme.value("select count(*) from rekindle.run where status = 'done'") < minute - 30:
                assert not working.done(), working
                await asyncio.sleep(0.01)
            await fleet.programme.at(NOON + minute * MINUTE)
        began = time.monotonic()
        while not {("schedule.overdue", None), ("/ping", None)} <= set(said := events_of(hook)):
            assert time.monotonic() - began < WAIT_SECONDS, said
            await asyncio.sleep(0.01)
        assert [event for event, _ in said].count("schedule.overdue") == 1
        stop.set()
        await working


def events_of(hook: Server) -> list[tuple[str, str | None]]:
    kept = list(hook.requests)
    found = events(hook)
    hook.requests.extend(kept)
    return found
