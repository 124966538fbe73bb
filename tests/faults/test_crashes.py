"""Processes that are killed during a run: ours, the database's, the provider's. Nobody gets a
push twice and nobody is lost."""

import os
import random
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from acceptance.audit import audit
from acceptance.command import Command, ended, environment
from acceptance.fixtures import apply
from conftest import SERVERS, SETTINGS, shift_clock, stop_clock
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import TEAM_CONFIG, Team, fill_team, write_config
from team.waiting import until

FEW_AT_ONCE = TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 6")
BUDGET_SECONDS = 20


def slow_after(sends: int) -> list[dict[str, object]]:
    """Answers so many sends soon, and each later one after three seconds: however late the test
    sees that they were made, the run is not over."""
    soon = {"match": {"target": "*"}, "times": sends, "respond": {"delay_ms": 60}}
    late = {"match": {"target": "*"}, "respond": {"delay_ms": 3_000}}
    return [soon, late] if sends else [late]


def drain(rekindle: Command, team: Team) -> None:
    """Run until nothing is left, with enough time between the runs for every lease and hold to
    end."""
    for minutes in (3, 20):
        shift_clock(team.url, f"{minutes} minutes")
        done = rekindle("run", "--json")
        assert done.code in (0, 1), done
    assert team.counts()["outbox"] == 0
    assert team.rows("select user_id from rekindle.gate where inflight is not null") == []
    assert team.rows("select status from rekindle.run where status = 'running'") == []


def everyone_is_accounted_for(team: Team, people: int) -> None:
    ended_as = team.rows(
        "select user_id from rekindle.delivery union select user_id from rekindle.outcome where outcome = 'unknown'"
    )
    assert len(ended_as) == people


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_is_killed_at_any_moment_causes_no_second_push_and_leaves_nobody_out(
    rekindle: Command, team: Team, fcm: Sandbox, seed: int
) -> None:
    team.people(24, devices=2)
    write_config(rekindle.folder, FEW_AT_ONCE)
    draw = random.Random(seed)
    sends = draw.randrange(0, 40)
    stop_clock(team.url, datetime.now(UTC))  # The leases of the dead run are valid until it goes on.
    fcm.faults(slow_after(sends))
    before = fcm.requests()["send"]
    process = rekindle.start("run")
    if sends:
        until(lambda: fcm.requests()["send"] - before >= sends)
    else:
        until(lambda: team.counts()["outbox"] > 0)
    process.kill()
    assert ended(process).code == -signal.SIGKILL
    left = team.counts()["outbox"]
    assert left > 0
    fcm.faults([])
    # While the leases of the dead run are still valid, none of its units may change. The units that
    # it armed may arrive.
    sent = len(fcm.messages())
    rekindle("run")
    armed = len(team.rows("select from rekindle.outbox where state = 'dispatching'"))
    assert len(fcm.messages()) <= sent + armed
    audit(team, fcm)
    drain(rekindle, team)
    audit(team, fcm)
    everyone_is_accounted_for(team, 24)
    # At most the sends under way, and those answered but not yet recorded, are unknown.
    unknown = team.rows("select from rekindle.outcome where outcome = 'unknown'")
    assert len(unknown) <= armed < 24
    assert len(fcm.messages()) >= 48 - len(unknown)


def test_a_run_that_is_asked_to_end_records_its_sends_under_way_and_reports_what_is_left(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(40)
    write_config(rekindle.folder, FEW_AT_ONCE)
    fcm.faults(slow_after(8))
    before = fcm.requests()["send"]
    process = rekindle.start("run", "--json")
    until(lambda: fcm.requests()["send"] - before >= 8)
    for _ in range(2):  # as a terminal that closes does
        process.send_signal(signal.SIGHUP)
    done = ended(process)
    report = done.json()
    (one,) = report["scenarios"]
    assert (done.code, report["status"]) == (3, "budget")
    assert 8 <= one["recorded"] < 40
    assert (one["recorded"] + one["pending"], one["unknown"]) == (40, 0)
    assert len(fcm.messages()) == one["recorded"] == team.counts()["delivery"]
    fcm.faults([])
    # The units that it gave back can be leased at once.
    following = rekindle("run", "--json")
    assert (following.code, following.json()["scenarios"][0]["carried"]) == (0, one["pending"])
    assert len(fcm.messages()) == 40
    audit(team, fcm)


@pytest.mark.parametrize("sends", [1, 20])
async def test_a_database_that_crashes_in_the_middle_stops_the_run_and_the_next_ones_complete_it(
    fcm: Sandbox, team_config: Config, tmp_path: Path, sends: int
) -> None:
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as postgres:
        fill_team_in_thread(postgres.url)
        await apply(postgres.url, team_config)
        team = Team(postgres.url)
        team.people(24, devices=2)
        write_config(tmp_path, FEW_AT_ONCE)
        rekindle = Command(tmp_path, environment(postgres.url, fcm))
        fcm.faults(slow_after(sends))
        before = fcm.requests()["send"]
        process = rekindle.start("run", "--budget", f"{BUDGET_SECONDS}s")
        until(lambda: fcm.requests()["send"] - before >= sends)
        postgres.crash()
        crashed_at = time.monotonic()
        done = ended(process)
        # Its budget, and the time of the last writes, which got no answer.
        assert time.monotonic() - crashed_at < BUDGET_SECONDS + 40
        assert done.code == 2
        assert done.err.splitlines()[-1].startswith("error: RK2")
        assert "Traceback" not in done.err
        postgres.start()
        fcm.faults([])
        drain(rekindle, team)
        audit(team, fcm)
        everyone_is_accounted_for(team, 24)


def fill_team_in_thread(url: str) -> None:
    """`fill_team`, in a thread because an event loop is running already."""
    thread = Thread(target=fill_team, args=(url,))
    thread.start()
    thread.join()


def test_a_provider_that_crashes_during_a_run_causes_no_second_send(
    rekindle: Command, team: Team, tmp_path: Path
) -> None:
    team.people(24, devices=2)
    folder = tmp_path / "sandbox"
    folder.mkdir()
    with Sandbox(folder) as first:
        write_config(rekindle.folder, FEW_AT_ONCE)
        command = rekindle.having(**environment(team.url, first))
        first.faults(slow_after(15))
        process = command.start("run", "--budget", "60s", "--json")
        until(lambda: first.requests()["send"] >= 15)
        os.kill(first.pid, signal.SIGKILL)
        done = ended(process)
        port = int(first.url.rpartition(":")[2])
    report = done.json()
    (one,) = report["scenarios"]
    assert (done.code, report["status"]) == (1, "incomplete"), done
    assert one["pending"] + one["unknown"] > 0
    assert one["recorded"] + one["unknown"] + one["pending"] + one["dead"] == 24
    assert "Traceback" not in done.err
    with Sandbox(folder, port=port) as second:
        audit(team, second)
        drain(command, team)
        audit(team, second)
        everyone_is_accounted_for(team, 24)
        unknown = len(team.rows("select from rekindle.outcome where outcome = 'unknown'"))
        assert unknown <= 12
        assert len(second.messages()) >= 48 - unknown
