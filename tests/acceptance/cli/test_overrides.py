"""Overrides for one organisation or chapter, from the file to the push, and the history of their
changes."""

import json
from uuid import UUID

from acceptance.audit import audit
from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, name_organisations, write_config

HERE, THERE, CENTRE = (UUID(int=number) for number in (1, 2, 3))
OFF = TEAM_CONFIG.replace('cooldown = "7d"', 'cooldown = "7d"\nenabled = false')
PILOT = f"""
[organisation."{HERE}".scenario.nudge]
enabled = true
message.en.title = "c4n4ry of {{first_name}}"
[organisation."{HERE}".chapter."{CENTRE}".scenario.nudge]
message.en.body = "In the centre"
"""


def test_a_scenario_is_tried_in_one_place_before_it_is_for_everybody(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    ids = team.people(4)
    team.execute("update team.person set organisation_id = %s", THERE)
    team.execute("update team.person set organisation_id = %s where user_id = any (%s)", HERE, ids[:2])
    team.execute("update team.person set chapter_id = %s where user_id = any (%s)", CENTRE, ids[1:])
    name_organisations(team)
    write_config(rekindle.folder, OFF)
    assert rekindle("apply").code == 0
    assert rekindle("run", "--scenario", "nudge").code == 2
    write_config(rekindle.folder, OFF + PILOT)
    assert rekindle("apply", "--retire").code == 0
    [numbers] = rekindle("run", "--json").json()["scenarios"]
    assert (numbers["recorded"], numbers["refusals"]) == (2, {"not_enabled": 2})
    said = {message["target"]: message["message"]["notification"] for message in fcm.messages()}
    assert said == {
        "t1-1": {"title": "c4n4ry of Name1", "body": "You have 7 points."},
        "t2-1": {"title": "c4n4ry of Name2", "body": "In the centre"},
    }
    explained = rekindle("explain", ids[1]).out
    assert f" an active recipient in Granvik ({HERE}), chapter {CENTRE}\n" in explained
    assert f" (with the settings of Granvik ({HERE}), chapter {CENTRE}): " in explained
    document = rekindle("explain", ids[1], "--json").json()
    place = {
        "organisation_id": str(HERE),
        "organisation_name": "Granvik",
        "chapter_id": str(CENTRE),
        "chapter_name": None,
    }
    assert document["scenarios"][0]["override"] == place == {key: document[key] for key in place}
    (override, of_chapter) = rekindle("scenarios", "--json").json()[0]["overrides"]
    assert {key: of_chapter[key] for key in place} == place
    assert {key: override[key] for key in place} == place | {"chapter_id": None}
    write_config(rekindle.folder, TEAM_CONFIG)
    assert rekindle("apply").code == 0
    [numbers] = rekindle("run", "--json").json()["scenarios"]
    assert numbers["recorded"] == 2
    audit(team, fcm)


def test_the_history_shows_each_change_its_author_and_time_and_no_text(rekindle: Command, team: Team) -> None:
    for text in (OFF, OFF + PILOT, OFF + PILOT.replace("In the centre", "c4n4ry"), OFF.replace('"7d"', '"8d"')):
        write_config(rekindle.folder, text)
        assert rekindle("apply").code == 0
    write_config(rekindle.folder, TEAM_CONFIG.replace("nudge]", "other]").replace("nudge.m", "other.m"))
    assert rekindle("apply", "--retire").code == 0
    said = rekindle("scenarios", "--history")
    where = f"organisation.{HERE}"
    lines = [line.split(" ", 5) for line in said.out.splitlines()]
    changes = [[f"{login} {name}", change] for _, _, _, login, name, change in lines]
    first, role = (str(row[0]) for row in team.rows(
        "select applied_by from rekindle.scenario where scenario_type = 'nudge' and version <= 2 order by version"
    ))  # fmt: skip
    assert first != role
    pilot = f"{where}.chapter.{CENTRE}.enabled, {where}.chapter.{CENTRE}.message.en.body, "
    pilot += f"{where}.chapter.{CENTRE}.message.en.title, {where}.enabled, {where}.message.en.title"
    assert sorted(changes[:2]) == [[role, "added other (version 1)"], [role, "retired nudge (version 6)"]]
    assert changes[2:] == [
        [role, f"changed nudge (version 5): cooldown, {pilot}"],
        [role, f"changed nudge (version 4): {where}.chapter.{CENTRE}.message.en.body"],
        [role, f"changed nudge (version 3): {pilot}"],
        [role, "changed nudge (version 2): enabled"],
        [first, "added nudge (version 1)"],
    ]
    listed = rekindle("scenarios", "--history", "--json")
    assert [one["version"] for one in listed.json() if one["scenario_type"] == "nudge"] == [6, 5, 4, 3, 2, 1]
    write_config(rekindle.folder, OFF + PILOT)
    assert rekindle("apply", "--retire").code == 0
    [nudge] = rekindle("scenarios", "--json").json()
    assert [one["texts"] for one in nudge["overrides"]] == [["message"], ["message"]]
    assert "c4n4ry" not in json.dumps(nudge) + said.out + listed.out
    assert "in places" in rekindle("scenarios").out
