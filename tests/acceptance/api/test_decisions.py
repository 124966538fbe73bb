"""What an operator decides over HTTP: switches, unknown sends, a guarded run. Each decision may be
sent again, and an actor that is limited to an organisation decides about nothing else."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from acceptance.api.served import serving
from acceptance.command import Command
from rekindle import Engine
from rekindle.access import Actor
from rekindle.api.access import Access
from rekindle.api.app import build
from rekindle.api.runs import Runs
from rekindle.configuration import load_config
from rekindle.model import Uncertain
from rekindle.policy import CONFIRM_SECONDS
from rekindle.sandbox import Sandbox
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import TEAM_CONFIG, UNGUARDED, Team, write_config

HERE, THERE = UUID(int=1), UUID(int=2)
ACTORS = {
    "all": Actor("key", "all", "admin"),
    "here": Actor("key", "here", "operate", frozenset({HERE})),
    "there": Actor("key", "there", "operate", frozenset({THERE})),
    "reader": Actor("key", "reader", "read"),
}
GUARDED = TEAM_CONFIG.replace(UNGUARDED, "[run]\nguard_floor = 10\n")


class Named:
    """Knows each actor by its name."""

    async def actor(self, shown: bytes) -> Actor | None:
        return ACTORS.get(shown.decode())


class Door:
    """The whole API over one engine, in this process."""

    def __init__(self, engine: Engine) -> None:
        self.runs = Runs(engine, at_once=4, stop=asyncio.Event())
        api = httpx.ASGITransport(build(engine, self.runs, Access([Named()]), docs=False))
        self._client = httpx.AsyncClient(transport=api, base_url="http://127.0.0.1", timeout=60)

    async def ask(self, method: str, path: str, body: Any = None, *, by: str = "all", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.request(method, path, json=body, headers={"apikey": by, **named})

    async def run(self, body: Any = None, *, by: str = "all", **headers: str) -> httpx.Response:
        return await self.ask("POST", "/v1/runs", body or {}, by=by, prefer="wait=30", **headers)

    async def confirm(self, run_id: str, people: int, *, by: str = "all") -> httpx.Response:
        return await self.ask("POST", f"/v1/runs/{run_id}/confirm", {"people": people}, by=by, prefer="wait=30")


@asynccontextmanager
async def opened(url: str, folder: Path, text: str, dispatcher: ScriptedDispatcher) -> AsyncGenerator[Door]:
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    config = load_config(write_config(folder, text))
    async with Engine.open(settings, config, dispatcher=dispatcher, runs=4) as engine:
        yield Door(engine)


@pytest.fixture
async def door(team: Team, team_worker_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(team_worker_url, tmp_path, TEAM_CONFIG, ScriptedDispatcher()) as door:
        yield door


@pytest.fixture
async def uncertain(team: Team, team_worker_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    """No send gets a clear answer."""
    dispatcher = ScriptedDispatcher(lambda _: Uncertain("timeout"))
    async with opened(team_worker_url, tmp_path, TEAM_CONFIG, dispatcher) as door:
        yield door


@pytest.fixture
async def guarded(team: Team, team_worker_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The guard allows 3 of 12 people."""
    team.people(12)
    async with opened(team_worker_url, tmp_path, GUARDED, ScriptedDispatcher()) as door:
        yield door


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def audited(team: Team) -> Sequence[object]:
    return team.rows("select actor, action from rekindle.audit where actor like 'key %%' order by audit_id")


def halves(team: Team) -> None:
    """Half of the people are of each organisation."""
    team.execute(
        "update team.person p set organisation_id = case when n %% 2 = 0 then %s else %s end "
        "from (select user_id, row_number() over (order by user_id) as n from team.person) o "
        "where o.user_id = p.user_id",
        HERE,
        THERE,
    )


async def test_a_limited_actor_starts_runs_of_its_organisation_alone_and_sees_no_others(door: Door, team: Team):
    team.people(4)
    halves(team)
    everything = (await door.run({}, by="all")).json()
    assert everything["scenarios"][0]["recorded"] == 4
    team.execute("update rekindle.gate set next_at = now() - interval '1 day'")
    report = (await door.run({}, by="here")).json()
    assert (report["organisations"], report["started_by"]) == ([str(HERE)], "key here")
    assert report["scenarios"][0]["evaluated"] == 2
    assert told(await door.run({"organisations": [str(HERE), str(THERE)]}, by="here")) == (404, "RK726")
    assert told(await door.run({}, by="reader")) == (403, "RK712")
    of_there = (await door.run({}, by="there")).json()
    for run_id in (everything["run_id"], of_there["run_id"], str(uuid4())):
        for path in (f"/v1/runs/{run_id}", f"/v1/runs/{run_id}/events"):
            assert told(await door.ask("GET", path, by="here")) == (404, "RK704")
        assert told(await door.confirm(run_id, 9, by="here")) == (404, "RK704")
    assert (await door.ask("GET", f"/v1/runs/{report['run_id']}", by="here")).json() == report


async def test_a_limited_actor_neither_gets_nor_takes_a_run_by_the_key_of_another(door: Door, team: Team):
    ids = [(await door.run({}, by=by, idempotency_key="cron-1")).json()["run_id"] for by in ("here", "all", "there")]
    assert len(set(ids)) == 3
    for by, run_id in zip(("here", "all", "there"), ids, strict=True):
        again = await door.run({}, by=by, idempotency_key="cron-1")
        assert (again.json()["run_id"], again.headers["idempotency-replayed"]) == (run_id, "true")
    named = await door.run({"organisations": [str(HERE)]}, by="here", idempotency_key="cron-1")
    assert named.json()["run_id"] == ids[0]  # it covers the same


async def test_a_switch_is_turned_once_and_by_a_limited_actor_only_in_its_organisation(door: Door, team: Team):
    body = {"organisation_id": str(HERE), "scenario_type": "nudge", "turned": "off", "reason": "wrong day"}
    first, again = [await door.ask("PUT", "/v1/switches", body, by="here") for _ in range(2)]
    assert (first.status_code, again.json()) == (200, first.json())
    assert {name: first.json()[name] for name in body} == body
    assert first.json()["switched_by"] == "key here"
    other = await door.ask("PUT", "/v1/switches", body | {"reason": "another"}, by="here")
    assert other.json()["reason"] == "another"
    assert told(await door.ask("PUT", "/v1/switches", body, by="there")) == (404, "RK726")
    assert told(await door.ask("PUT", "/v1/switches", {"turned": "off"}, by="here")) == (403, "RK712")
    assert told(await door.ask("PUT", "/v1/switches", {"turned": "off"}, by="reader")) == (403, "RK712")
    assert told(await door.ask("PUT", "/v1/switches", {"turned": "off", "scenario_type": "no"})) == (422, "RK105")
    assert told(await door.ask("PUT", "/v1/switches", {"turned": "off", "reason": "a\nb"})) == (422, "RK701")
    assert (await door.ask("PUT", "/v1/switches", {"turned": "off"})).json()["organisation_id"] is None
    assert audited(team) == [("key here", "switch.turned")] * 2 + [("key all", "switch.turned")]
    assert team.rows("select count(*) from rekindle.switch") == [(3,)]
    assert not team.rows("select 1 from rekindle.audit a where a::text like '%%wrong day%%'")


@pytest.mark.parametrize("decision", [{"sent": "projects/p/messages/7"}, {"not_sent": True}])
async def test_a_decision_about_a_claim_may_be_sent_again_and_the_opposite_is_a_conflict(
    uncertain: Door, team: Team, decision: dict[str, Any]
):
    team.people(1, devices=2)
    team.execute("update team.person set organisation_id = %s", HERE)
    await uncertain.run()
    [(claim_id,)] = team.rows("select distinct claim_id from rekindle.outbox where state = 'unknown'")
    path = f"/v1/unknown/{claim_id}"
    assert told(await uncertain.ask("PUT", path, decision, by="there")) == (404, "RK726")
    assert told(await uncertain.ask("PUT", path, decision, by="reader")) == (403, "RK712")
    first, again = [await uncertain.ask("PUT", path, decision, by="here") for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == {"claim_id": str(claim_id), "sent": "sent" in decision, "sends": 2}
    for other in ({"sent": "projects/p/messages/8"}, {"sent": "projects/p/messages/7"}, {"not_sent": True}):
        if other != decision:
            assert told(await uncertain.ask("PUT", path, other, by="here")) == (409, "RK733")
    assert told(await uncertain.ask("PUT", path, decision, by="there")) == (404, "RK726")
    assert told(await uncertain.ask("PUT", f"/v1/unknown/{uuid4()}", decision)) == (404, "RK726")
    for body in ({}, {"not_sent": False}, {"sent": "x", "not_sent": True}, {"sent": "a\x1bb"}):
        assert told(await uncertain.ask("PUT", path, body)) == (422, "RK701")
    assert audited(team)[-1:] == [("key here", "unknown.settled")]
    assert audited(team).count(("key here", "unknown.settled")) == 1


async def test_of_two_opposite_decisions_at_once_one_is_taken(uncertain: Door, team: Team):
    team.people(1)
    await uncertain.run()
    [(claim_id,)] = team.rows("select claim_id from rekindle.outbox")
    bodies = [{"sent": "a"}, {"not_sent": True}] * 4
    answers = await asyncio.gather(*(uncertain.ask("PUT", f"/v1/unknown/{claim_id}", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [409] * 4
    assert len({answer.json()["sent"] for answer in answers if answer.status_code == 200}) == 1


async def test_a_guarded_run_is_confirmed_with_the_number_that_the_guard_would_hold_back_now(guarded: Door, team: Team):
    halted = (await guarded.run({"scenarios": ["nudge"], "budget_seconds": 20})).json()
    assert (halted["status"], halted["halted_by"][:5]) == ("halted", "RK502")
    few = await guarded.confirm(halted["run_id"], 11)
    assert told(few) == (422, "RK732")
    assert few.json()["detail"] == "the guard would hold back 12 people now"
    team.execute("delete from team.wanted where ctid = (select min(ctid) from team.wanted)")
    done = await guarded.confirm(halted["run_id"], 11)
    assert done.status_code == 200
    report = done.json()
    assert (report["scenarios"][0]["recorded"], report["scenarios"][0]["confirmed"]) == (11, 11)
    assert (report["budget_seconds"], report["status"]) == (20, "done")
    again = await guarded.confirm(halted["run_id"], 1)
    assert (again.json(), again.headers["idempotency-replayed"]) == (report, "true")
    assert told(await guarded.confirm(report["run_id"], 99)) == (409, "RK731")
    assert audited(team) == [("key all", "run.started"), ("key all", "run.confirmed")]
    [details] = team.rows(
        "select details->>'confirms', details->>'confirmed', subject from rekindle.audit where action = 'run.confirmed'"
    )
    assert details == (halted["run_id"], "11", report["run_id"])


async def test_many_confirmations_at_once_are_one_run(guarded: Door, team: Team):
    halted = (await guarded.run()).json()
    answers = await asyncio.gather(*(guarded.confirm(halted["run_id"], 12 + more) for more in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert team.rows("select count(*) from rekindle.run") == [(2,)]


def test_confirmations_at_once_in_two_processes_are_one_run(keyed: Command, team: Team, fcm: Sandbox):
    team.people(12)
    write_config(keyed.folder, GUARDED)
    with serving(keyed) as one, serving(keyed) as other, ThreadPoolExecutor(8) as pool:
        halted = one.post(wait=30).json()["run_id"]
        barrier = threading.Barrier(8)

        def ask(number: int) -> httpx.Response:
            barrier.wait(timeout=60)
            body, headers = {"people": 12}, {"prefer": "wait=30"}
            return (one, other)[number % 2].client.post(f"/v1/runs/{halted}/confirm", json=body, headers=headers)

        answers = list(pool.map(ask, range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(fcm.messages()) == 12


async def test_the_confirmation_of_a_limited_run_covers_only_its_organisation(guarded: Door, team: Team):
    team.execute("update team.person set organisation_id = %s", HERE)
    halted = (await guarded.run(by="here")).json()
    assert halted["status"] == "halted"
    assert told(await guarded.confirm(halted["run_id"], 99, by="there")) == (404, "RK704")
    assert told(await guarded.confirm(halted["run_id"], 99, by="reader")) == (403, "RK712")
    report = (await guarded.confirm(halted["run_id"], 12, by="here")).json()
    assert (report["organisations"], report["scenarios"][0]["recorded"]) == ([str(HERE)], 12)


async def test_an_old_run_and_one_whose_scenario_is_gone_are_not_confirmed(guarded: Door, team: Team):
    halted = (await guarded.run()).json()
    team.execute("update rekindle.scenario set retired = true")
    assert told(await guarded.confirm(halted["run_id"], 12)) == (409, "RK731")
    team.execute("update rekindle.scenario set retired = false")
    team.execute("update rekindle.run set finished_at = finished_at - make_interval(secs => %s)", CONFIRM_SECONDS)
    assert told(await guarded.confirm(halted["run_id"], 12)) == (409, "RK731")
    assert told(await guarded.run({}, idempotency_key=f"confirm:{halted['run_id']}")) == (422, "RK701")
    assert team.rows("select count(*) from rekindle.run") == [(1,)]


async def test_a_server_that_was_promoted_is_adopted_by_an_unlimited_admin_and_again(door: Door, team: Team):
    await door.run()
    team.execute("update rekindle.installation set timeline = timeline + 1000")
    assert told(await door.run()) == (503, "RK211")
    for by in ("here", "reader"):
        assert told(await door.ask("PUT", "/v1/installation", by=by)) == (403, "RK712")
    first, again = [await door.ask("PUT", "/v1/installation") for _ in range(2)]
    assert (first.status_code, again.json()) == (200, first.json())
    assert (await door.run()).json()["status"] == "done"
    assert audited(team).count(("key all", "installation.adopted")) == 1
