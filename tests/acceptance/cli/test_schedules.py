"""Runs begin by themselves: `tick`, `worker`, `status`, and `run --key`."""

import json
import signal
from datetime import UTC, datetime, timedelta

from acceptance.api.served import KEY as KEY_OF_API
from acceptance.api.served import serving
from acceptance.command import Command, ended
from conftest import shift_clock, stop_clock
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config
from team.waiting import until

EACH_MINUTE = TEAM_CONFIG.replace('cooldown = "7d"', 'cooldown = "7d"\nschedule = "* * * * *"')
KEY = "tick:nudge:"
MINUTE = timedelta(minutes=1)


def scheduled(rekindle: Command, config: str = EACH_MINUTE) -> Command:
    write_config(rekindle.folder, config)
    assert rekindle("apply").code == 0
    return rekindle


def test_a_tick_works_what_is_due_once_and_the_status_shows_it(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(2)
    begun = (datetime.now(UTC) + MINUTE).replace(second=30)
    stop_clock(team.url, begun)
    scheduled(rekindle)
    assert rekindle("status").code == 0
    stop_clock(team.url, begun + MINUTE)
    (report,) = rekindle("tick", "--json").json()
    assert (report["tick"][: len(KEY)], report["attempt"], report["status"]) == (KEY, 1, "done")
    assert rekindle("tick").out == "Nothing is due.\n"
    assert len(fcm.messages()) == 2
    status = rekindle("status", "--json").json()
    (schedule,) = status["schedules"]
    assert (schedule["state"], schedule["last_run"]["run_id"]) == ("ok", report["run_id"])
    assert (status["workers"], status["waiting"], status["exit_code"]) == ([], 0, 0)
    shift_clock(team.url, "1 hour")
    late = rekindle("status")
    assert late.code == 2
    assert "overdue" in late.out
    assert "Start `rekindle worker`" in late.out


def test_a_tick_that_cannot_start_says_why_in_the_status_and_in_the_runs(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    begun = (datetime.now(UTC) + MINUTE).replace(second=30)
    stop_clock(team.url, begun)
    scheduled(rekindle)
    stop_clock(team.url, begun + MINUTE)
    fcm.faults([{"match": {"path": "token"}, "respond": {"status": 400, "body": {"error": "invalid_grant"}}}])
    failed = rekindle("tick")
    assert failed.code == 2
    assert "RK402" in failed.err
    status = rekindle("status")
    assert status.code == 2
    assert "nudge: not_started: RK402" in status.out
    (run,) = rekindle("runs", "--json").json()
    assert (run["status"], run["halted_by"][:5]) == ("not_started", "RK402")


def test_a_worker_works_the_schedule_until_it_is_told_to_stop(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(3)
    worker = scheduled(rekindle).start("worker")
    try:
        until(lambda: bool(rekindle("status", "--json").json()["workers"]))
        shift_clock(team.url, "1 minute")
        until(lambda: len(fcm.messages()) == 3)
        until(lambda: not team.rows("select run_id from rekindle.run where status = 'running'"))
    finally:
        worker.send_signal(signal.SIGTERM)
        done = ended(worker)
    assert (done.code, done.err) == (0, "")
    assert team.rows("select status, recorded from rekindle.run where recorded > 0") == [("done", 3)]


def test_a_server_with_a_worker_works_the_schedule_too(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(2)
    with serving(scheduled(rekindle).having(REKINDLE_API_KEY=KEY_OF_API), "--with-worker") as api:
        shift_clock(team.url, "1 minute")
        until(lambda: len(fcm.messages()) == 2)
        until(lambda: api.client.get("/v1/ready").json()["last_tick_age_seconds"] is not None)
        ready = api.client.get("/v1/ready").json()
        assert (ready["last_tick_age_seconds"] < 90, ready["overdue"]) == (True, False)
        assert api.stop().code == 0


def test_a_key_names_one_run_that_may_be_asked_for_again(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(2)
    first = rekindle("run", "--key", "job-7", "--json").json()
    again = rekindle("run", "--key", "job-7", "--json")
    assert (again.code, again.json()) == (0, first)
    other = rekindle("run", "--key", "job-7", "--budget", "20s")
    assert (other.code, other.fault()[:12]) == (2, "error: RK703")
    assert len(fcm.messages()) == 2
    team.execute("update rekindle.run set status = 'running', finished_at = null, abandoned_at = null")
    alive = rekindle("run", "--key", "job-7", "--json")
    assert (alive.code, alive.json()["status"]) == (0, "running")
    shift_clock(team.url, "31 seconds")
    taken_over = rekindle("run", "--key", "job-7", "--json").json()
    assert (taken_over["attempt"], taken_over["status"]) == (2, "done")
    for key in ("", "a b", "tick:nudge:2026-03-10T09:07Z", "ü"):
        assert rekindle("run", "--key", key).fault().startswith("error: RK106")
    assert json.loads(rekindle("runs", "--json").out)[1]["status"] == "abandoned"
