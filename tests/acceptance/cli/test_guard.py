"""The guard as an operator sees it: a run that would reach too many people reaches nobody, and
says how to confirm the number."""

from acceptance.audit import audit
from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, UNGUARDED, Team, write_config

GUARDED = TEAM_CONFIG.replace(UNGUARDED, "[run]\nguard_floor = 10\n")
HELD = (
    "RK502: scenario nudge would claim 12 people: that makes 12 people in 24 hours for 12 active recipients, and "
    "max_share = 25% allows 3. See `rekindle plan`. To allow them, run `rekindle run --confirm 12`."
)


def test_a_run_that_would_reach_too_many_reaches_nobody_until_that_number_is_confirmed(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    write_config(rekindle.folder, GUARDED)
    team.people(12)
    done = rekindle("run")
    assert done.code == 2
    assert f"stopped: {HELD}" in done.out
    assert fcm.messages() == []
    assert {name: count for name, count in team.counts().items() if count} == {"run": 1}
    assert team.rows("select status, halted_by, evaluated from rekindle.run") == [("halted", HELD, 0)]
    few = rekindle("run", "--confirm", 11, "--json")
    assert (few.code, few.json()["halted_by"]) == (2, HELD)
    done = rekindle("run", "--confirm", 12, "--json")
    (one,) = done.json()["scenarios"]
    assert (done.code, one["recorded"], one["confirmed"]) == (0, 12, 12)
    audit(team, fcm)
    assert len(fcm.messages()) == 12


def test_a_plan_and_a_dry_run_show_what_the_guard_would_hold_back(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    write_config(rekindle.folder, GUARDED)
    ids = team.people(12)
    plan = rekindle("plan")
    assert (plan.code, plan.out.splitlines()[2]) == (0, HELD)
    assert rekindle("plan", "--json").json()["scenarios"][0]["held"] == HELD
    assert "RK502" not in rekindle("plan", "--user", ids[0]).out
    write_config(rekindle.folder, GUARDED.replace("Hello", "Good day"))
    for command in (("plan", "--changes"), ("apply", "--dry-run")):
        assert rekindle(*command).out.splitlines()[2:4] == ["nudge: edited message.en.title.", HELD]
    assert rekindle("plan", "--changes", "--json").json()["scenarios"][0]["held"] == HELD
    dry = rekindle("run", "--dry-run")
    assert dry.code == 2
    assert HELD in dry.out
    assert fcm.messages() == []


def test_of_two_scenarios_that_are_too_large_together_the_second_is_held_back_as_planned(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    others = (
        "select user_id, 'zeal' as occurrence, jsonb_build_object('points', 1) as variables "
        "from rekindle_source.recipient where user_id not in (select user_id from rekindle_source.nudge) "
        "order by user_id limit 12"
    )
    other = SCENARIO.replace("nudge]", "zeal]").replace("nudge.m", "zeal.m")
    other = other.replace("select user_id, occurrence, variables from rekindle_source.nudge", others)
    write_config(rekindle.folder, GUARDED.replace('"7d"', '"7d"\npriority = 60') + other)
    ids = team.people(60)
    team.execute("delete from team.wanted where not user_id = any (%s)", ids[:12])
    held = (
        "RK502: scenario zeal would claim 12 people: that makes 24 people in 24 hours for 60 active recipients, and "
        "max_share = 25% allows 15. See `rekindle plan`. To allow them, run `rekindle run --confirm 12`."
    )
    scenarios = rekindle("plan", "--changes", "--json").json()["scenarios"]
    assert [(one["scenario_type"], one["held"]) for one in scenarios] == [("nudge", None), ("zeal", held)]
    assert rekindle("apply").code == 0
    scenarios = rekindle("plan", "--json").json()["scenarios"]
    assert [(one["scenario_type"], one["held"]) for one in scenarios] == [("nudge", None), ("zeal", held)]
    why = (
        "blocked by held_by_guard until this changes: the guard would hold back this claim of 12 people; "
        "to allow it in a run, use `rekindle run --confirm 12`"
    )
    assert f"zeal: {why}" in rekindle("explain", ids[12]).out
    explained = {one["scenario_type"]: one for one in rekindle("explain", ids[12], "--json").json()["scenarios"]}
    assert (explained["zeal"]["blocked_by"], explained["zeal"]["next_at"]) == (["held_by_guard"], None)
    assert explained["nudge"]["blocked_by"] == ["not_due"]
    assert "nudge: would be claimed now" in rekindle("explain", ids[0]).out
    done = rekindle("run", "--json")
    assert (done.code, done.json()["halted_by"]) == (2, held)
    assert {sent["message"]["data"]["scenario_type"] for sent in fcm.messages()} == {"nudge"}
    assert len(fcm.messages()) == 12
    audit(team, fcm)


def test_a_small_programme_never_meets_the_guard(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    write_config(rekindle.folder, TEAM_CONFIG.replace(UNGUARDED, "[run]\n"))
    team.people(100)
    assert "RK502" not in rekindle("plan").out
    assert rekindle("run").code == 0
    assert len(fcm.messages()) == 100
