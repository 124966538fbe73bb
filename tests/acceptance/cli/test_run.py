"""`rekindle run` as a process: eight at once, around midnight, with its budget spent, and as a
dry run."""

import json
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from acceptance.audit import audit
from acceptance.command import Command, ended, environment
from acceptance.fixtures import apply
from conftest import Server, as_worker, shift_clock
from rekindle.configuration import load_config
from rekindle.sample import write_init_files
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, write_config
from team.waiting import until

SLOW = [{"match": {"target": "*"}, "respond": {"delay_ms": 500}}]


async def test_eight_runs_started_at_once_reach_every_due_device_exactly_once(
    server: Server, programme_url: str, fcm: Sandbox, tmp_path: Path
) -> None:
    await apply(programme_url, load_config(write_init_files(tmp_path)[0]))
    command = Command(tmp_path, environment(as_worker(server, programme_url), fcm))
    processes = [command.start("run", "--json", "--confirm", 500) for _ in range(8)]
    ends = [ended(process) for process in processes]
    assert [(one.code, one.err) for one in ends] == [(0, "")] * 8
    audit(Team(programme_url), fcm)
    scenarios = [one for end in ends for one in end.json()["scenarios"]]
    assert len(scenarios) == 24
    # Nobody is missing and nobody is counted twice: one run claims a person, and the seven others
    # refuse the person.
    total: Counter[str] = Counter()
    for one in scenarios:
        total.update({name: one[name] for name in ("claimed", "carried", "recorded", "pushes", "pending", "unknown")})
        assert one["evaluated"] == one["not_due"] + one["refused"] + one["claimed"]
    assert total == {"claimed": 228, "carried": 0, "recorded": 228, "pushes": 311, "pending": 0, "unknown": 0}
    pushes = Counter((sent["target"], sent["message"]["data"]["scenario_type"]) for sent in fcm.messages())
    assert (len(pushes), set(pushes.values())) == (311, {1})
    for kind in {one["scenario_type"] for one in scenarios}:
        per_run = [one for one in scenarios if one["scenario_type"] == kind]
        assert len({one["due"] for one in per_run}) == 1


def clock_at(team: Team, at: datetime) -> None:
    """Set the ledger's clock to that instant; it runs on from there."""
    shift_clock(team.url, f"{round((at - datetime.now(UTC)).total_seconds())} seconds")


def test_a_run_before_and_one_after_midnight_send_one_push_and_the_cooldown_slides(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    (user_id,) = team.people(1)
    write_config(rekindle.folder, TEAM_CONFIG.replace('"7d"', '"24h"'))
    assert rekindle("apply").code == 0
    midnight = (datetime.now(UTC) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    steps = [
        (timedelta(minutes=-1), 1, {}),
        (timedelta(minutes=1), 0, {"cooldown": 1}),
        (timedelta(hours=23, minutes=58), 0, {"cooldown": 1}),
        (timedelta(hours=24, minutes=1), 1, {}),
    ]
    pushes = 0
    for number, (after, sent, refusals) in enumerate(steps):
        # A new occurrence each time: only the cooldown can hold it back.
        team.execute("update team.wanted set occurrence = %s", f"occasion {number}")
        clock_at(team, midnight + after)
        done = rekindle("run", "--json")
        (one,) = done.json()["scenarios"]
        assert (done.code, one["recorded"], one["refusals"]) == (0, sent, refusals), after
        pushes += sent
        assert len(fcm.messages()) == pushes
    days = team.rows("select (dispatched_at at time zone 'UTC')::date from rekindle.scenario_notification order by 1")
    assert days == [((midnight + timedelta(days=offset)).date(),) for offset in (-1, 1)]
    assert {row[0] for row in team.rows("select user_id from rekindle.scenario_notification")} == {user_id}


def test_a_run_ends_within_its_budget_with_3_and_the_next_ones_carry_on(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(200)
    slow = TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 2")
    write_config(rekindle.folder, slow)
    fcm.faults(SLOW)
    done = rekindle("run", "--budget", "12s", "--json")
    report = done.json()
    (one,) = report["scenarios"]
    assert (done.code, report["status"], report["exit_code"]) == (3, "budget", 3)
    took = datetime.fromisoformat(report["finished_at"]) - datetime.fromisoformat(report["started_at"])
    assert took < timedelta(seconds=40), "without a budget it would take 50 s"
    assert one["claimed"] == 200 == one["recorded"] + one["pending"]
    assert 0 < one["recorded"] < 200
    fcm.faults([])
    following = rekindle("run", "--json")
    (two,) = following.json()["scenarios"]
    assert (following.code, two["carried"], two["recorded"], two["claimed"]) == (0, one["pending"], one["pending"], 0)
    audit(team, fcm)
    assert len(fcm.messages()) == 200


def test_a_dry_run_validates_every_message_and_changes_nothing(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(5, devices=2)
    before = fcm.requests()
    done = rekindle("run", "--dry-run")
    assert done.code == 0
    assert "valid 10" in done.out
    after = fcm.requests()
    assert (after["validate"] - before["validate"], after["send"] - before["send"]) == (10, 0)
    assert fcm.messages() == []
    assert set(team.counts().values()) == {0}


def test_a_dry_run_counts_the_messages_that_could_not_be_sent(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    ids = team.people(5)
    long = ", ".join(f"{{long{n}}}" for n in range(6))
    write_config(rekindle.folder, TEAM_CONFIG.replace("You have {points} points.", f"{{points}} {long}"))
    team.execute(
        "update team.wanted set variables = variables || (select jsonb_object_agg('long' || n, "
        "case when user_id = any (%s) then repeat('x', 900) else 'x' end) from generate_series(0, 5) n)",
        ids[:2],
    )
    assert rekindle("apply").code == 0
    team.execute("update team.wanted set variables = '{}' where user_id = %s", ids[4])
    done = rekindle("run", "--dry-run", "--json")
    (one,) = done.json()
    assert (done.code, one["checks"]) == (1, {"valid": 2, "too_large": 2})
    assert one["refusals"] == {"missing_variable": 1}
    assert fcm.messages() == []
    assert set(team.counts().values()) == {0}


def test_one_persons_missing_variable_is_a_refusal_in_each_run_and_the_others_are_sent(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    ids = team.people(4)
    team.execute("update team.wanted set variables = '{\"points\": null}' where user_id = %s", ids[1])
    done = rekindle("run", "--json")
    (one,) = done.json()["scenarios"]
    assert (done.code, one["recorded"], one["refusals"]) == (0, 3, {"missing_variable": 1})
    team.execute("update rekindle.gate set next_at = now()")
    (one,) = rekindle("run", "--json").json()["scenarios"]
    assert (one["claimed"], one["refusals"]) == (0, {"already_notified": 3, "missing_variable": 1})
    assert "blocked by missing_variable until this changes: points" in rekindle("explain", str(ids[1])).out
    assert sorted(sent["target"] for sent in fcm.messages()) == ["t1-1", "t3-1", "t4-1"]
    audit(team, fcm)


def test_a_run_is_about_the_scenarios_and_organisations_named(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    ids = team.people(3)
    mine, yours = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
    team.execute("update team.person set organisation_id = %s where user_id = %s", mine, ids[0])
    team.execute("update team.person set organisation_id = %s where user_id = %s", yours, ids[1])
    other = SCENARIO.replace("nudge]", "other]").replace("nudge.m", "other.m")
    write_config(rekindle.folder, TEAM_CONFIG + other)
    assert rekindle("apply").code == 0
    done = rekindle("run", "--scenario", "other", "--organisation", mine, "--json")
    (one,) = done.json()["scenarios"]
    assert (done.code, one["scenario_type"], one["evaluated"], one["recorded"]) == (0, "other", 1, 1)
    assert [sent["target"] for sent in fcm.messages()] == ["t1-1"]
    rest = rekindle("run", "--json").json()["scenarios"]
    assert {(one["scenario_type"], one["recorded"]) for one in rest} == {("nudge", 3), ("other", 2)}
    audit(team, fcm)


def test_a_run_warns_of_a_configuration_that_is_not_in_force(rekindle: Command, team: Team) -> None:
    write_config(rekindle.folder, TEAM_CONFIG.replace("Hello", "Good day"))
    done = rekindle("run")
    (line,) = [json.loads(line) for line in done.err.splitlines()]
    assert (done.code, line["event"], line["scenarios"]) == (0, "config.not_applied", ["nudge"])


def test_a_run_that_another_called_abandoned_reports_its_end(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    """It was paused for longer than its lease."""
    team.people(8)
    write_config(rekindle.folder, TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 2"))
    fcm.faults([{"match": {"target": "*"}, "respond": {"delay_ms": 1_000}}])
    first = rekindle.start("run", "--json")
    until(lambda: bool(fcm.messages()))
    first.send_signal(signal.SIGSTOP)
    shift_clock(team.url, "1 hour")
    fcm.faults([])
    assert rekindle("run", "--json").json()["abandoned_at"] is None
    first.send_signal(signal.SIGCONT)
    done = ended(first)
    report = done.json()
    assert (report["status"], "RK2" in done.err) in (("done", False), ("incomplete", False)), done.err
    assert report["finished_at"] >= report["abandoned_at"]
    (numbers,) = report["scenarios"]
    ends = ("recorded", "skipped", "dead", "unknown", "pending", "handed_over")
    assert numbers["claimed"] + numbers["carried"] == sum(numbers[name] for name in ends) == 8
    assert numbers["handed_over"] > 0
    audit(team, fcm)
