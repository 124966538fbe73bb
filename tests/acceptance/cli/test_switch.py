"""The kill switch: it applies at once, only to what it names, and no person is lost."""

from uuid import UUID

from acceptance.audit import audit
from acceptance.command import Command, ended
from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, name_organisations, write_config
from team.waiting import until

OTHER = SCENARIO.replace("nudge]", "other]").replace("nudge.m", "other.m")
HERE, THERE = UUID(int=1), UUID(int=2)


def refused(rekindle: Command, *arguments: object) -> dict[str, dict[str, int]]:
    return {one["scenario_type"]: one["refusals"] for one in rekindle("run", "--json", *arguments).json()["scenarios"]}


def test_a_scenario_that_is_switched_off_claims_nobody_until_it_is_on_again(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(3)
    done = rekindle("switch", "off", "--reason", "the text is wrong")
    assert (done.code, done.out) == (0, "every scenario is off for every organisation\n")
    assert refused(rekindle) == {"nudge": {"switched_off": 3}}
    assert fcm.messages() == []
    assert rekindle("switch", "on").code == 0
    assert refused(rekindle) == {"nudge": {}}
    assert len(fcm.messages()) == 3
    audit(team, fcm)


def test_a_switch_applies_to_what_it_names_and_to_nothing_else(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    ids = team.people(4)
    team.execute("update team.person set organisation_id = %s", HERE)
    team.execute("update team.person set organisation_id = %s where user_id = any (%s)", THERE, ids[2:])
    team.execute("update team.person set organisation_id = null where user_id = %s", ids[3])
    write_config(rekindle.folder, TEAM_CONFIG + OTHER)
    assert rekindle("apply").code == 0
    rekindle("switch", "off", "--scenario", "other")
    rekindle("switch", "off", "--organisation", HERE)
    rekindle("switch", "off", "--organisation", THERE, "--scenario", "nudge")
    assert refused(rekindle) == {"nudge": {"switched_off": 3}, "other": {"switched_off": 4}}
    rekindle("switch", "on", "--scenario", "other")
    assert refused(rekindle, "--scenario", "other") == {"other": {"switched_off": 2}}
    # An organisation that is on is off nevertheless while everything is off.
    rekindle("switch", "on", "--organisation", HERE)
    rekindle("switch", "off")
    assert refused(rekindle, "--scenario", "other") == {"other": {"switched_off": 4}}
    assert len(fcm.messages()) == 1 + 2
    audit(team, fcm)


def test_a_run_under_way_sends_nothing_more_and_those_who_wait_are_reached_later(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(200)
    write_config(rekindle.folder, TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 4"))
    fcm.faults([{"match": {"target": "*"}, "respond": {"delay_ms": 500}}])
    before = fcm.requests()["send"]
    process = rekindle.start("run", "--json")
    until(lambda: fcm.requests()["send"] - before >= 4)
    assert rekindle("switch", "off").code == 0
    under_way = fcm.requests()["send"] - before
    done = ended(process)
    (numbers,) = done.json()["scenarios"]
    assert done.code == 0
    # Only what was armed when the switch was set, and no batch after it.
    assert len(fcm.messages()) <= under_way + 4 < 200
    assert numbers["reasons"] == {"skipped:switched_off": 200 - len(fcm.messages())}
    fcm.faults([])
    rekindle("switch", "on")
    shift_clock(team.url, "2 hours")
    rekindle("run")
    assert sorted(sent["target"] for sent in fcm.messages()) == sorted(f"t{person}-1" for person in range(1, 201))
    audit(team, fcm)


def test_a_switch_keeps_who_set_it_when_and_why_and_an_unknown_scenario_has_none(rekindle: Command, team: Team) -> None:
    assert rekindle("switch", "list").out == "Nothing was ever switched off.\n"
    assert rekindle("switch", "off", "--scenario", "nudge", "--reason", "too many").code == 0
    assert rekindle("switch", "on", "--scenario", "nudge").code == 0
    name_organisations(team)
    done = rekindle("switch", "off", "--organisation", HERE)
    assert done.out == f"every scenario is off for organisation Granvik ({HERE})\n"
    shown = rekindle("switch", "list", "--json").json()
    names = ("scenario_type", "organisation_id", "organisation_name", "turned")
    assert [tuple(one[name] for name in names) for one in shown] == [
        (None, str(HERE), "Granvik", "off"),
        ("nudge", None, None, "on"),
    ]
    assert {one["switched_by"] for one in shown} == {"login test_worker"}
    kept = team.rows("select turned, reason from rekindle.switch order by switch_id")
    assert kept == [("off", "too many"), ("on", None), ("off", None)]
    listed = rekindle("switch", "list").out
    assert "nudge" in listed
    assert f"Granvik ({HERE})" in listed
    wrong = rekindle("switch", "off", "--scenario", "nobody")
    assert (wrong.code, wrong.fault()[:12]) == (2, "error: RK105")
    assert rekindle("switch", "off", "--organisation", "x").fault().startswith("error: RK106")
    assert len(team.rows("select from rekindle.switch")) == 3
