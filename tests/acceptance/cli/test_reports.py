"""The reports before a run, after it, and of the configuration. The numbers agree, and no report
contains a token or a text."""

from acceptance.command import Command
from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, write_config

OTHER = SCENARIO.replace("nudge]", "other]").replace("nudge.m", "other.m")


def nothing_private(said: str) -> None:
    """The output contains no device token, no rendered text and no variable of a person."""
    for private in ("t1-1", "t2-1", "Hello", "Name1", "7 points", "PRIVATE KEY"):
        assert private not in said


def test_a_plan_predicts_exactly_who_is_claimed_by_the_next_run_and_writes_nothing(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    ids = team.people(6)
    team.execute("delete from team.device where user_id = %s", ids[5])
    team.execute("update team.person set active = false where user_id = %s", ids[4])
    write_config(rekindle.folder, TEAM_CONFIG + OTHER)
    assert rekindle("apply").code == 0
    assert rekindle("run", "--scenario", "other").code == 0
    before = team.counts()
    done = rekindle("plan", "--json", "--limit", "0")
    assert done.code == 0
    assert team.counts() == before
    nothing_private(done.out)
    plan = done.json()
    for name, expected in (("nudge", 4), ("other", 0)):
        would = {one["user_id"] for one in plan["people"] if (one["scenario_type"], one["verdict"]) == (name, "claim")}
        assert len(would) == expected
        (preview,) = [one for one in plan["scenarios"] if one["scenario_type"] == name]
        ran = rekindle("run", "--scenario", name, "--json").json()
        (numbers,) = ran["scenarios"]
        shown = ("evaluated", "due", "not_due", "refusals")
        assert {key: preview[key] for key in shown} == {key: numbers[key] for key in shown}
        assert (preview["would_claim"], numbers["claimed"]) == (expected, expected)
        claimed = team.rows(
            "select user_id::text from rekindle.delivery where scenario_type = %s and run_id::text = %s",
            name, ran["run_id"],
        )  # fmt: skip
        assert {user for (user,) in claimed} == would


def test_a_plan_can_be_about_one_person_and_reports_that_it_shows_only_some(rekindle: Command, team: Team) -> None:
    ids = team.people(4)
    team.execute("delete from team.device where user_id = %s", ids[0])
    one = rekindle("plan", "--user", ids[0], "--json").json()
    assert [(person["user_id"], person["verdict"]) for person in one["people"]] == [(str(ids[0]), "no_token")]
    assert one["scenarios"][0]["evaluated"] == 1
    table = rekindle("plan", "--limit", "3")
    assert table.code == 0
    assert sum(str(user_id) in table.out for user_id in ids) == 3
    assert "and 1 more" in table.out
    assert "refused: no_token" in table.out
    assert "no_token 1" in table.out
    assert "more" not in rekindle("plan", "--limit", "0").out
    assert set(team.counts().values()) == {0}


def test_runs_and_scenarios_show_the_numbers_of_the_run(rekindle: Command, team: Team) -> None:
    assert "no run yet" in rekindle("runs").out
    assert "never" in rekindle("scenarios").out
    ids = team.people(3)
    team.execute("delete from team.device where user_id = %s", ids[0])
    report = rekindle("run", "--json").json()
    (numbers,) = report["scenarios"]
    assert (numbers["evaluated"], numbers["due"], numbers["recorded"]) == (3, 3, 2)
    history = rekindle("runs", "--json")
    assert history.json() == [report]
    (latest,) = rekindle("scenarios", "--json").json()
    assert (latest["scenario_type"], latest["version"], latest["latest"]) == ("nudge", 1, numbers)
    listed = rekindle("runs").out.splitlines()
    assert len(listed) == 2
    assert report["run_id"] in listed[1]
    assert "done" in listed[1]
    shown = rekindle("scenarios").out.splitlines()
    assert len(shown) == 2
    assert shown[0].split()[5:7] == ["priority", "horizon"]
    assert shown[1].split()[6] == "14d"
    assert shown[1].split()[-5:] == ["3", "3", "2", "no_token", "1"]
    assert "held_out" not in listed[0]
    team.execute("update rekindle.run_scenario set recorded = recorded - 1, held_out = held_out + 1")
    heading, row = (line.split() for line in rekindle("runs").out.splitlines())
    assert heading[7:10] == ["recorded", "held_out", "skipped"]
    assert row[8:11] == ["1", "1", "0"]  # the instant has two words
    nothing_private(history.out)


def test_unknown_sends_are_listed_held_and_closed(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    (user_id,) = team.people(1)
    assert "no sends with an unknown outcome" in rekindle("unknown", "list").out
    fcm.faults([{"match": {"target": "*"}, "respond": {"status": 503}}])
    assert rekindle("run").code == 1
    held = rekindle("unknown", "list", "--json")
    (one,) = held.json()
    assert (one["user_id"], one["reason"], one["attempts"]) == (str(user_id), "unavailable", 1)
    assert one["closed_at"] is None
    assert "waiting for a late answer" in rekindle("unknown", "list").out
    nothing_private(held.out)
    shift_clock(team.url, "15 minutes")
    assert rekindle("run").code == 0
    (closed,) = rekindle("unknown", "list", "--json").json()
    assert closed["claim_id"] == one["claim_id"]
    assert closed["closed_at"] is not None


def test_apply_reports_what_it_added_changed_and_retired_and_retired_scenarios_do_not_run(
    rekindle: Command, team: Team
) -> None:
    def changes(text: str) -> list[tuple[str, int, str]]:
        write_config(rekindle.folder, text)
        done = rekindle("apply", "--retire", "--json")
        assert done.code == 0, done
        return [(one["scenario_type"], one["version"], one["change"]) for one in done.json()["changes"]]

    assert changes(TEAM_CONFIG) == []
    assert changes(TEAM_CONFIG + OTHER) == [("other", 1, "added")]
    assert changes(TEAM_CONFIG.replace("Hello", "Good day") + OTHER) == [("nudge", 2, "changed")]
    assert changes(TEAM_CONFIG.replace("Hello", "Good day")) == [("other", 2, "retired")]
    assert rekindle("apply").out.strip() == "Nothing has changed."
    team.people(1)
    assert [one["scenario_type"] for one in rekindle("run", "--json").json()["scenarios"]] == ["nudge"]
    assert rekindle("run", "--scenario", "other").fault().startswith("error: RK105: ")
    assert changes(TEAM_CONFIG.replace("Hello", "Good day") + OTHER) == [("other", 3, "added")]


def test_check_lists_what_is_in_order_and_ends_with_0(rekindle: Command, team: Team) -> None:
    team.people(2)
    team.execute("delete from team.device where token = 't1-1'")
    done = rekindle("check", "--json")
    findings = {one["subject"]: one for one in done.json()}
    assert done.code == 0
    assert all(one["ok"] and one["code"] is None for one in findings.values())
    assert (
        "2 active recipients; 2 without a usable time zone, 1 without a usable device token"
        in (findings["recipients"]["message"])
    )
    assert "is the one in force" in findings["applied"]["message"]
    write_config(rekindle.folder, TEAM_CONFIG + OTHER)
    table = rekindle("check")
    assert table.code == 0
    caps, applied = [line for line in table.out.splitlines() if not line.startswith("ok ")]
    assert caps.startswith("note  no frequency cap is set for nudge, other: ")
    assert applied.startswith("note  this configuration is not in force yet")
    assert set(team.counts().values()) == {0}


def test_check_names_the_credentials_that_do_not_work(rekindle: Command, team: Team) -> None:
    done = rekindle.having(GOOGLE_APPLICATION_CREDENTIALS=rekindle.folder / "absent.json")("check")
    assert done.code == 2
    (wrong,) = [line for line in done.out.splitlines() if line.startswith("wrong ")]
    assert "RK401" in wrong
