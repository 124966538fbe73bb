"""The events of a run over HTTP: seen to progress in every process, to the end, at a bounded
cost."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from acceptance.api.served import KEY, Served, sends_slowly, serving
from acceptance.command import Command
from conftest import shift_clock
from rekindle import Engine
from rekindle.api import follow
from rekindle.api.follow import MAX_FOLLOWERS_OF_ONE, Following
from rekindle.api.runs import Runs
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import SCENARIO, Team, write_config
from team.waiting import WAIT_SECONDS, until

SLOW = f'[dispatcher]\nkind = "fcm"\ntimeout = "20s"\nconcurrency = 4\n{SCENARIO}'
"""At most four sends at once, so that a run lasts for some seconds."""


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    report: dict[str, Any]

    def count(self, name: str) -> int:
        return sum(one[name] for one in self.report["scenarios"])


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Event(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}


@contextmanager
def following(
    api: Served, run_id: str, *, after: str | None = None
) -> Iterator[tuple[httpx.Response, Iterator[Event]]]:
    headers = {} if after is None else {"last-event-id": after}
    with api.client.stream("GET", f"/v1/runs/{run_id}/events", headers=headers) as answer:
        yield answer, events_of(answer.iter_lines())


def followed(api: Served, run_id: str) -> list[Event]:
    with following(api, run_id) as (answer, events):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        return list(events)


def test_a_run_is_followed_to_its_report_by_several_and_from_another_process(keyed: Command, team: Team, fcm: Sandbox):
    team.people(80)
    write_config(keyed.folder, SLOW)
    fcm.faults(sends_slowly(0.5))
    with serving(keyed) as api, serving(keyed) as other, ThreadPoolExecutor(3) as pool:
        run_id = api.post({"budget_seconds": 60}).json()["run_id"]
        seen = [pool.submit(followed, one, run_id) for one in (api, api, other)]
        histories = [one.result(timeout=WAIT_SECONDS) for one in seen]
        report = api.run(run_id)
    for events in histories:
        *before, last = events
        assert {one.name for one in before} == {"progress"}
        recorded = [one.count("recorded") for one in before]
        assert recorded == sorted(recorded)
        assert any(0 < number < 80 for number in recorded)
        assert {one.count("claimed") for one in before} <= {0, 80}
        assert all(one.count("claimed") == one.count("recorded") + one.count("pending") for one in before)
        assert (last.name, last.report) == ("ended", report)
    # One look serves both. One of them may have begun to follow later.
    fewer, more = sorted(({one.id for one in events} for events in histories[:2]), key=len)
    assert fewer <= more


def test_a_client_that_comes_again_gets_only_what_it_has_not_seen(keyed: Command, team: Team, fcm: Sandbox):
    team.people(30)
    write_config(keyed.folder, SLOW)
    fcm.faults(sends_slowly(0.25))
    with serving(keyed) as api:
        run_id = api.post({"budget_seconds": 20}).json()["run_id"]
        with following(api, run_id) as (_, events):
            first = next(events)
        with following(api, run_id, after=first.id) as (_, events):
            rest = list(events)
        assert first.id not in {one.id for one in rest}
        assert rest[-1].name == "ended"
        with following(api, run_id, after=rest[-1].id) as (answer, events):
            assert (answer.status_code, list(events)) == (204, [])
        assert [one.name for one in followed(api, run_id)] == ["ended"]


def test_the_run_of_a_killed_process_is_seen_as_abandoned(keyed: Command, team: Team, fcm: Sandbox):
    team.people(4)
    fcm.faults(sends_slowly(3))  # It is killed before any of them is answered.
    before = fcm.requests()["send"]
    with serving(keyed) as api, serving(keyed) as other, ThreadPoolExecutor(1) as pool:
        run_id = api.post({"budget_seconds": 20}).json()["run_id"]
        seen = pool.submit(followed, other, run_id)
        until(lambda: fcm.requests()["send"] > before)
        assert api.stop(signal.SIGKILL).code == -signal.SIGKILL
        shift_clock(team.url, "1 minute")
        last = seen.result(timeout=WAIT_SECONDS)[-1]
        assert (last.name, last.report["status"]) == ("abandoned", "running")
        fcm.faults([])
        other.post(wait=30)
        assert [(one.name, one.report["status"]) for one in followed(other, run_id)] == [("abandoned", "abandoned")]
    until(lambda: len(fcm.messages()) == fcm.requests()["send"] - before)  # None is left for the next test.


def test_a_stop_ends_the_streams_and_sends_the_report_of_a_run_that_it_ends(keyed: Command, team: Team, fcm: Sandbox):
    team.people(60)
    write_config(keyed.folder, SLOW)
    fcm.faults(sends_slowly(0.25))
    with serving(keyed) as api, serving(keyed) as other, ThreadPoolExecutor(2) as pool:
        run_id = api.post({"budget_seconds": 30}).json()["run_id"]
        own, foreign = pool.submit(followed, api, run_id), pool.submit(followed, other, run_id)
        until(lambda: len(fcm.messages()) > 4)
        assert (other.stop().code, api.stop().code) == (0, 0)
        assert {one.name for one in foreign.result(timeout=WAIT_SECONDS)} == {"progress"}
        last = own.result(timeout=WAIT_SECONDS)[-1]
        assert (last.name, last.report["status"]) == ("ended", "budget")


def test_clients_that_hang_up_or_read_nothing_cost_no_look(keyed: Command, team: Team, fcm: Sandbox):
    team.people(1)
    with serving(keyed) as api:
        run_id = api.post(wait=30).json()["run_id"]
        revive(team)
        with ExitStack() as stack:
            for _ in range(3):
                deaf = stack.enter_context(socket.create_connection(api.place))
                deaf.sendall(f"GET /v1/runs/{run_id}/events HTTP/1.1\r\nhost: x\r\napikey: {KEY}\r\n\r\n".encode())
                assert b"event: progress" in received(deaf)
            until(lambda: looks(team))
        until(lambda: not looks(team))
        assert api.stop().code == 0


def test_one_key_follows_sixteen_runs_at_once_and_head_follows_none(keyed: Command, team: Team, fcm: Sandbox):
    team.people(1)
    with serving(keyed) as api:
        run_id = api.post(wait=30).json()["run_id"]
        revive(team)
        with ExitStack() as stack:
            streams = [stack.enter_context(following(api, run_id)) for _ in range(MAX_FOLLOWERS_OF_ONE)]
            assert {next(events).name for _, events in streams} == {"progress"}
            refused = api.client.get(f"/v1/runs/{run_id}/events")
            assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "RK734", "10")
        until(lambda: api.client.head(f"/v1/runs/{run_id}/events").status_code == 200)
        until(lambda: not looks(team))


def test_the_command_line_follows_a_run_of_another_process_to_its_report(keyed: Command, team: Team, fcm: Sandbox):
    team.people(12)
    write_config(keyed.folder, SLOW)
    fcm.faults(sends_slowly(0.3))
    with serving(keyed) as api:
        run_id = api.post({"budget_seconds": 20}).json()["run_id"]
        done = keyed("runs", "--follow", run_id, "--json")
        assert (done.code, done.json()) == (0, api.run(run_id))
        assert done.json()["status"] == "done"
    assert "12 people reached" in keyed("runs", "--follow", run_id).out
    revive(team, seen="-1 minute")
    lost = keyed("runs", "--follow", run_id)
    assert "has not been seen for 30 s" in lost.out
    assert "RK704" in keyed("runs", "--follow", "11111111-1111-4111-8111-111111111111").err


async def test_a_follower_gets_heartbeats_and_ends_after_five_minutes(
    team: Team, team_worker_url: str, team_config: Config, monkeypatch: pytest.MonkeyPatch
):
    assert follow.FOLLOW_SECONDS == 300
    monkeypatch.setattr(follow, "FOLLOW_SECONDS", 3.0)
    monkeypatch.setattr(follow, "HEARTBEAT_SECONDS", 0.5)
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": team_worker_url})
    async with Engine.open(settings, team_config, dispatcher=ScriptedDispatcher()) as engine:
        run_id = (await engine.run()).run_id
        revive(team)
        runs = Following(engine, Runs(engine, at_once=1, stop=asyncio.Event()))
        seen = [event async for event in runs.events(run_id, follower="key x")]
        assert seen[0] is not None
        assert seen.count(None) >= 3
        assert len(seen) < 9
        deadline = time.monotonic() + WAIT_SECONDS
        while "rekindle-follow" in {task.get_name() for task in asyncio.all_tasks()}:
            assert time.monotonic() < deadline, "the run is still looked at"
            await asyncio.sleep(0.05)


def revive(team: Team, *, seen: str = "1 day") -> None:
    """Make it seem as if the run were under way, seen at a moment before or after now."""
    team.execute("update rekindle.run set status = 'running', finished_at = null, seen_at = now() + %s::interval", seen)


def received(connection: socket.socket) -> bytes:
    got = b""
    connection.settimeout(WAIT_SECONDS)
    while b"\n\n" not in got.partition(b"data:")[2]:
        got += connection.recv(4096)
    return got


def looks(team: Team) -> bool:
    """Whether somebody has looked at a run in the last 1.5 seconds."""
    return bool(
        team.rows(
            "select 1 from pg_stat_activity where query like '/* rekindle:run_progress%%' "
            "and state_change > now() - interval '1.5 s'"
        )
    )
