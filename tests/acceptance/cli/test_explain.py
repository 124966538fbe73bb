"""`rekindle explain` shows what blocks any person, every condition on request, and the history;
nothing private."""

import re
from uuid import uuid4

from acceptance.command import Command
from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, write_config

OTHER = SCENARIO.replace("nudge]", "other]").replace("nudge.m", "other.m").replace('"7d"', '"7d"\nenabled = false')


def nothing_private(said: str) -> None:
    for private in ("t1-1", "t2-1", "Hello", "Name1", "7 points", "PRIVATE KEY"):
        assert private not in said


def test_after_a_push_explain_shows_what_blocks_and_with_all_every_condition(rekindle: Command, team: Team) -> None:
    user = team.people(1)[0]
    write_config(rekindle.folder, TEAM_CONFIG + OTHER)
    assert rekindle("apply").code == 0
    fresh = rekindle("explain", user)
    assert fresh.code == 0
    assert fresh.out.splitlines()[2] == "nudge: would be claimed now"
    assert "Nothing was ever claimed for this person." in fresh.out
    run_id = rekindle("run", "--json").json()["run_id"]
    team.execute("update team.wanted set occurrence = 'second'")
    team.execute("delete from team.device")
    before = team.counts()
    short, table, document = (rekindle("explain", user, *asked) for asked in ((), ("--all",), ("--json",)))
    assert {(done.code, done.err) for done in (short, table, document)} == {(0, "")}
    assert rekindle("explain", user, "--all", "--json").json()["scenarios"] == document.json()["scenarios"]
    assert team.counts() == before
    said = document.json()
    assert (said["user_id"], said["known"], said["recipient"], said["active"]) == (str(user), True, True, True)
    nudge, other = said["scenarios"]
    assert (nudge["scenario_type"], nudge["version"], nudge["occurrence"]) == ("nudge", 1, "second")
    assert nudge["blocked_by"] == ["cooldown", "already_today", "no_token"]
    assert (nudge["next_at"], nudge["waits_for"]) == (None, "no_token")
    assert other["blocked_by"] == ["not_enabled", "no_token"]
    conditions = {one["reason"]: one for one in nudge["conditions"]}
    assert [reason for reason, one in conditions.items() if one["blocks"]] == nudge["blocked_by"]
    [(next_at,)] = team.rows("select to_char(next_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from rekindle.gate")
    assert conditions["cooldown"]["facts"]["next_at"].startswith(str(next_at).replace(" ", "T"))
    lines = [
        "nudge: blocked by no_token until this changes; also by cooldown, already_today: the person has no device",
        "other: blocked by not_enabled until this changes; also by no_token: not enabled where they are",
    ]
    assert short.out.splitlines()[2:4] == lines
    assert "condition" not in short.out
    for line in lines:
        assert line.replace(":", " (version 1, sql):", 1) in table.out.splitlines()
    assert re.search(rf"yes +cooldown +the cooldown ends at {next_at} UTC", table.out)
    assert re.search(r"no +opted_out", table.out)
    assert re.search(r"yes +no_token +the person has no device", table.out)
    [claim] = said["claims"]
    assert (claim["scenario_type"], claim["occurrence"], claim["claimed_run_id"]) == ("nudge", "first", run_id)
    [unit] = claim["units"]
    assert (unit["ending"], unit["reason"], unit["attempts"]) == ("recorded", None, 1)
    assert f"because of first, by run {run_id}" in table.out
    assert f"device {unit['device_id']}: accepted at " in table.out
    nothing_private(table.out + document.out)


def test_the_next_possible_time_is_shown_if_only_time_blocks(rekindle: Command, team: Team) -> None:
    user = team.people(1)[0]
    rekindle("run")
    team.execute("update team.wanted set occurrence = 'second'")
    shift_clock(team.url, "2 days")
    [nudge] = rekindle("explain", user, "--json").json()["scenarios"]
    assert nudge["blocked_by"] == ["cooldown"]
    assert nudge["next_at"] == {one["reason"]: one for one in nudge["conditions"]}["cooldown"]["facts"]["next_at"]
    until = f"{nudge['next_at'][:19].replace('T', ' ')} UTC"
    line = f"nudge: blocked by cooldown until {until} at the earliest: the cooldown ends at {until}"
    assert line in rekindle("explain", user).out.splitlines()


def test_a_past_run_shows_what_it_did_for_a_person_and_that_refusals_are_not_kept_per_person(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    sent, refused = team.people(2)
    team.execute("delete from team.device where user_id = %s", refused)
    fcm.faults([{"match": {"target": "t1-1"}, "respond": {"status": 503}}])
    run_id = rekindle("run", "--json").json()["run_id"]
    table, document = rekindle("explain", sent, "--run", run_id), rekindle("explain", sent, "--run", run_id, "--json")
    assert (table.code, document.code) == (0, 0)
    said = document.json()
    assert (said["scenarios"], said["run"]["run_id"]) == ([], run_id)
    [unit] = said["claims"][0]["units"]
    assert (unit["ending"], unit["reason"]) == ("unknown", "unavailable")
    assert "may have been accepted; it is not known (unavailable)" in table.out
    other = rekindle("explain", refused, "--run", run_id)
    assert "What it did for this person" not in other.out
    assert "Runs store refusals as counts, not per person" in other.out
    assert "nudge: of 2 people 0 not due; refused: no_token 1" in other.out
    assert rekindle("explain", refused, "--run", run_id, "--json").json()["claims"] == []
    gone = rekindle("explain", sent, "--run", uuid4())
    assert gone.code == 2
    assert gone.fault().startswith("error: RK106: there is no run ")


def test_an_unknown_id_is_reported_as_unknown(rekindle: Command, team: Team) -> None:
    team.people(1)
    nobody = uuid4()
    done = rekindle("explain", nobody)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("unknown id: neither rekindle_source.recipient nor a device nor the ledger has it")
    said = rekindle("explain", nobody, "--json").json()
    assert (said["known"], said["recipient"], said["claims"]) == (False, False, [])
    [nudge] = said["scenarios"]
    assert nudge["blocked_by"] == ["not_a_recipient", "not_active", "not_due", "no_token"]


def test_a_scenario_whose_view_is_gone_is_named_and_the_others_are_explained(rekindle: Command, team: Team) -> None:
    user = team.people(1)[0]
    absence = SCENARIO.replace("nudge", "absence", 1).replace("nudge.m", "absence.m")
    absence = re.sub(r"kind = .*\nquery = .*", 'kind = "inactivity"\nafter = ["14d"]', absence)
    absence = absence.replace("You have {points} points.", "It has been {days}.").replace("{points}", "{days}")
    write_config(rekindle.folder, TEAM_CONFIG + absence)
    assert rekindle("apply").code == 0
    team.execute("drop view rekindle_source.activity")
    done = rekindle("explain", user, "--json")
    assert done.code == 2
    broken, nudge = done.json()["scenarios"]
    assert broken["scenario_type"] == "absence"
    assert broken["fault"].startswith("RK301: the view rekindle_source.activity does not exist")
    assert nudge["blocked_by"] == []
    table = rekindle("explain", user)
    assert table.code == 2
    assert table.out.splitlines()[2].startswith("absence: cannot be evaluated. RK301: ")
    only = rekindle("explain", user, "--scenario", "nudge", "--json")
    assert (only.code, [one["scenario_type"] for one in only.json()["scenarios"]]) == (0, ["nudge"])
