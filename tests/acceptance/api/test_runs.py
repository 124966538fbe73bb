"""Runs over HTTP: one run per key, reported correctly, limited in number, and shut down cleanly."""

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from acceptance.api.served import KEY, Served, sends_slowly, serving
from acceptance.audit import audit
from acceptance.command import Command, environment
from acceptance.fixtures import apply
from conftest import SERVERS, SETTINGS, shift_clock
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import SCENARIO, TEAM_CONFIG, Team, fill_team, write_config
from team.waiting import WAIT_SECONDS, until


def runs(team: Team) -> int:
    return team.counts()["run"]


def test_a_run_is_reported_as_the_command_line_reports_it(api: Served, keyed: Command, team: Team, fcm: Sandbox):
    team.people(3, devices=2)
    answer = api.post({"scenarios": ["nudge"], "budget_seconds": 20}, wait=30)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["status"], report["exit_code"], report["budget_seconds"]) == ("done", 0, 20)
    assert (report["scenarios"][0]["recorded"], report["scenarios"][0]["pushes"]) == (3, 6)
    assert len(fcm.messages()) == 6
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/v1/runs/{report['run_id']}"
    assert api.run(report["run_id"]) == report
    assert keyed("runs", "--json").json() == [report]


def test_a_run_under_way_is_answered_at_once_and_reported_later(api: Served, team: Team, fcm: Sandbox):
    team.people(2)
    fcm.faults(sends_slowly())
    answer = api.post()
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    later = api.run(answer.json()["run_id"], wait=30)
    assert (later["status"], later["scenarios"][0]["recorded"]) == ("done", 2)


def test_only_the_organisation_that_was_asked_for_is_run(api: Served, team: Team, fcm: Sandbox):
    _, second = team.people(2)
    team.execute("update team.person set organisation_id = user_id")
    report = api.post({"organisations": [str(second)]}, wait=30).json()
    assert (report["scenarios"][0]["evaluated"], report["scenarios"][0]["recorded"]) == (1, 1)
    assert [one["target"] for one in fcm.messages()] == ["t2-1"]


def test_a_budget_that_is_reached_is_reported_and_the_next_run_carries_on(team: Team, fcm: Sandbox, keyed: Command):
    team.people(60)
    # With a concurrency of a thousand all would be under way at once; four are allowed.
    write_config(keyed.folder, f'[dispatcher]\nkind = "fcm"\ntimeout = "20s"\nconcurrency = 4\n{SCENARIO}')
    fcm.faults(sends_slowly(1))
    with serving(keyed) as slow:
        report = slow.post({"budget_seconds": 12}, wait=30).json()
        assert (report["status"], report["exit_code"]) == ("budget", 3)
        assert report["scenarios"][0]["pending"] > 0
        fcm.faults([])
        slow.post(wait=30)
    assert len({one["target"] for one in fcm.messages()}) == len(fcm.messages()) == 60


def test_the_same_key_is_the_same_run_while_it_runs_and_after_a_restart(keyed: Command, team: Team, fcm: Sandbox):
    team.people(2)
    fcm.faults(sends_slowly())
    body = {"scenarios": ["nudge"], "budget_seconds": 20}
    with serving(keyed) as api:
        first = api.post(body, key="cron-1")
        again = api.post(dict(reversed(body.items())), key="cron-1", wait=30)
        assert first.status_code == 202
        assert "idempotency-replayed" not in first.headers
        assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
        assert again.json()["run_id"] == first.json()["run_id"]
        assert api.stop().code == 0
    with serving(keyed) as restarted:
        assert restarted.post(body, key="cron-1").json() == again.json()
        assert restarted.post(body, key="cron-2", wait=30).json()["run_id"] != first.json()["run_id"]
    assert (runs(team), len(fcm.messages())) == (2, 2)


def test_the_same_key_for_another_request_is_refused(api: Served, team: Team):
    api.post({"budget_seconds": 20}, key="cron-1", wait=30)
    for body in ({}, {"budget_seconds": 21}, {"budget_seconds": 20, "scenarios": ["nudge"]}):
        answer = api.post(body, key="cron-1")
        assert (answer.status_code, answer.json()["code"]) == (422, "RK703")
    assert runs(team) == 1


def test_twenty_requests_at_once_with_one_key_on_two_servers_are_one_run(keyed: Command, team: Team, fcm: Sandbox):
    team.people(4)
    fcm.faults(sends_slowly())
    with serving(keyed) as one, serving(keyed) as other, ThreadPoolExecutor(20) as pool:
        barrier = threading.Barrier(20)

        def ask(number: int) -> httpx.Response:
            barrier.wait(timeout=WAIT_SECONDS)
            return (one, other)[number % 2].post(key="cron-1", wait=30)

        answers = list(pool.map(ask, range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert (runs(team), len(fcm.messages())) == (1, 4)


def test_more_runs_at_once_than_allowed_are_refused_with_a_time_and_the_key_stays_free(
    keyed: Command, team: Team, fcm: Sandbox
):
    team.people(2)
    fcm.faults(sends_slowly(3))
    with serving(keyed, "--runs", 1) as api:
        first = api.post(key="cron-1")
        refused = api.post(key="cron-2")
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "RK707", "10")
        assert api.post(key="cron-1").json()["run_id"] == first.json()["run_id"]  # a repetition starts nothing
        api.run(first.json()["run_id"], wait=30)
        assert api.post(key="cron-2", wait=30).status_code == 200
    assert runs(team) == 2


def test_a_run_that_cannot_start_is_reported_at_once_with_its_reason_and_leaves_the_key_free(
    keyed: Command, team: Team, fcm: Sandbox
):
    team.people(1)
    with serving(keyed) as api:
        answer = api.post({"scenarios": ["nobody"]}, key="cron-1")
        assert (answer.status_code, answer.json()["code"]) == (422, "RK105")
        fcm.faults([{"match": {"path": "token"}, "respond": {"status": 400, "body": {"error": "invalid_grant"}}}])
        answer = api.post(key="cron-1")
        assert (answer.status_code, answer.json()["code"]) == (502, "RK402")
        assert team.rows("select status, left(halted_by, 5), claimed from rekindle.run") == [
            ("not_started", "RK402", 0)
        ]
        fcm.faults([])
        assert api.post(key="cron-1", wait=30).json()["status"] == "done"
    assert team.rows("select status, attempt from rekindle.run order by attempt") == [("not_started", 1), ("done", 2)]


def test_one_token_serves_every_run_of_a_process(api: Served, team: Team, fcm: Sandbox):
    before = fcm.requests()["token"]
    team.people(4)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            assert {one.status_code for one in pool.map(lambda _: api.post(wait=30), range(2))} == {200}
    assert runs(team) == 6
    assert fcm.requests()["token"] - before == 1
    assert len(fcm.messages()) == 4


def test_a_scenario_that_is_applied_meanwhile_is_run_by_a_server_that_goes_on(
    api: Served, keyed: Command, team: Team, fcm: Sandbox
):
    team.people(1)
    fcm.faults([])
    text = (keyed.folder / "rekindle.toml").read_text()
    write_config(keyed.folder, text.replace("Hello {first_name}", "Good day {first_name}"))
    assert keyed("apply").code == 0
    api.post(wait=30)
    (message,) = fcm.messages()
    assert message["message"]["notification"]["title"] == "Good day Name1"


def test_a_stop_finishes_the_run_answers_the_waiting_client_and_refuses_new_ones(
    keyed: Command, team: Team, fcm: Sandbox
):
    team.people(40)
    write_config(keyed.folder, f'[dispatcher]\nkind = "fcm"\ntimeout = "20s"\nconcurrency = 2\n{SCENARIO}')
    fcm.faults(sends_slowly(0.3))
    with serving(keyed) as api, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.post, key="cron-1", wait=60)
        until(lambda: bool(fcm.messages()))
        done = api.stop(signal.SIGTERM)
        report = waiting.result()
    assert (done.code, done.err) == (0, "")
    assert (report.status_code, report.json()["status"]) == (200, "budget")
    assert 0 < len(fcm.messages()) < 40
    fcm.faults([])
    assert keyed("run").code == 0
    assert len({one["target"] for one in fcm.messages()}) == len(fcm.messages()) == 40


def test_a_stop_finishes_a_run_that_no_client_waits_for(keyed: Command, team: Team, fcm: Sandbox):
    team.people(2)
    fcm.faults(sends_slowly(3))
    before = fcm.requests()["send"]
    with serving(keyed) as api:
        api.post()
        until(lambda: fcm.requests()["send"] - before == 2)
        assert api.stop(signal.SIGINT).code == 0
    assert team.rows("select status, recorded from rekindle.run") == [("done", 2)]


def test_a_killed_servers_run_is_abandoned_and_begun_again_by_the_next_request_with_its_key(
    keyed: Command, team: Team, fcm: Sandbox
):
    team.people(6)
    before = fcm.requests()["send"]
    fcm.faults(sends_slowly(3))  # It is killed before any of them is answered.
    with serving(keyed) as api:
        first = api.post({"budget_seconds": 20}, key="cron-1").json()
        until(lambda: fcm.requests()["send"] - before == 6)
        assert api.stop(signal.SIGKILL).code == -signal.SIGKILL
    until(lambda: len(fcm.messages()) == 6)  # which no client receives any more
    fcm.faults([])
    shift_clock(team.url, "1 hour")
    with serving(keyed) as api:
        assert api.post(wait=30).status_code == 200
        again = api.post({"budget_seconds": 20}, key="cron-1", wait=30)
        assert (again.status_code, again.json()["status"]) == (200, "done")
        lost = api.run(first["run_id"])
        assert (lost["status"], lost["exit_code"]) == ("abandoned", 1)
    assert len(fcm.messages()) == 6


def test_a_run_that_does_not_exist_is_not_found(api: Served):
    for run_id, status, code in (("11111111-1111-4111-8111-111111111111", 404, "RK704"), ("x", 422, "RK701")):
        answer = api.client.get(f"/v1/runs/{run_id}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:rekindle:{code}"


@pytest.mark.parametrize("seconds", [8, 30])
async def test_a_database_that_restarts_during_a_run_is_waited_for_within_the_budget(
    fcm: Sandbox, team_config: Config, tmp_path: Path, seconds: int
):
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as postgres:
        await asyncio.to_thread(fill_team, postgres.url)
        await apply(postgres.url, team_config)
        team = Team(postgres.url)
        team.people(40)
        write_config(tmp_path, TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 4"))
        command = Command(tmp_path, environment(postgres.url, fcm)).having(REKINDLE_API_KEY=KEY)
        fcm.faults(sends_slowly(0.1))
        before = fcm.requests()["send"]

        def story() -> None:
            with serving(command) as api:
                begun = api.post({"budget_seconds": seconds}, key="cron-1")
                until(lambda: fcm.requests()["send"] - before >= 8)
                postgres.crash()
                down = api.client.get("/v1/ready")
                if seconds == 8:  # it is down for longer than the run lasts
                    assert (down.status_code, down.json()["code"]) == (503, "RK201")
                    assert api.post(key="cron-2").json()["code"] == "RK201"
                    until(lambda: "run.failed" in api.said())
                postgres.start()
                until(lambda: api.client.get("/v1/ready").status_code == 200)
                after = api.run(begun.json()["run_id"], wait=40 if seconds == 30 else 0)
                assert after["status"] == ("running" if seconds == 8 else "incomplete" if unknown(team) else "done")
                fcm.faults([])
                shift_clock(team.url, "20 minutes")
                assert api.post(key="cron-2", wait=30).status_code == 200
                assert api.stop().code == 0

        await asyncio.to_thread(story)
        audit(team, fcm)


def unknown(team: Team) -> bool:
    return bool(team.rows("select 1 from rekindle.outcome where outcome = 'unknown' limit 1")) or bool(
        team.rows("select 1 from rekindle.outbox where state = 'unknown' limit 1")
    )
