"""`plan --changes` and `apply` show what an edited configuration would change before it is in
force."""

from datetime import UTC, datetime, timedelta

from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, name_organisations, person, write_config

MINE, YOURS = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
SOME = TEAM_CONFIG.replace("from rekindle_source.nudge", "from rekindle_source.nudge where occurrence <> 'first'")
OTHER = SCENARIO.replace("nudge]", "other]").replace("nudge.m", "other.m")


def programme(team: Team) -> list[str]:
    """Five people in two organisations; two of them are also due for a second occasion."""
    ids = [str(one) for one in team.people(5)]
    team.execute("update team.wanted set occurrence = 'second' where user_id = any (%s::uuid[])", ids[:2])
    team.execute("update team.person set organisation_id = %s where user_id = any (%s::uuid[])", MINE, ids[:3])
    team.execute("update team.person set organisation_id = %s where user_id = %s", YOURS, ids[3])
    return ids


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_plan_shows_who_gains_and_who_loses_by_the_file_and_changes_nothing(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    ids = programme(team)
    name_organisations(team)
    write_config(rekindle.folder, SOME + OTHER)
    done = rekindle("plan", "--changes")
    assert done.code == 0
    assert lines(done.out)[:9] == [
        ["scenario", "change", "organisation", "gain", "lose", "stay"],
        ["nudge", "changed", "all", "0", "3", "2"],
        ["Granvik", f"({MINE})", "0", "1", "2"],
        ["[b]Old\ufffd[2J", "Harbour", f"({YOURS})", "0", "1", "0"],
        ["none", "0", "1", "0"],
        ["other", "added", "all", "5", "0", "0"],
        ["Granvik", f"({MINE})", "3", "0", "0"],
        ["[b]Old\ufffd[2J", "Harbour", f"({YOURS})", "1", "0", "0"],
        ["none", "1", "0", "0"],
    ]
    assert lines(done.out)[-1] == [ids[4], "none", "other", "gain"]
    listed = rekindle("plan", "--changes", "--limit", 2)
    assert listed.out.splitlines()[-1] == "… and 6 more; --limit 0 lists everyone."
    found = rekindle("plan", "--changes", "--json").json()
    effects = {(one["scenario_type"], one["user_id"]): one["effect"] for one in found["people"]}
    assert effects == {
        **{("nudge", one): "stay" if one in ids[:2] else "lose" for one in ids},
        **{("other", one): "gain" for one in ids},
    }
    nudge, other = found["scenarios"]
    assert (nudge["gain"], nudge["lose"], nudge["stay"], nudge["fault"]) == (0, 3, 2, None)
    assert other["organisations"][0] == {
        "organisation_id": MINE,
        "organisation_name": "Granvik",
        "gain": 3,
        "lose": 0,
        "stay": 0,
    }
    assert {one["organisation_name"] for one in found["people"] if one["organisation_id"] == MINE} == {"Granvik"}
    mine = rekindle("plan", "--changes", "--organisation", MINE, "--scenario", "nudge", "--json").json()
    assert {one["user_id"]: one["effect"] for one in mine["people"]} == dict(
        zip(ids[:3], ("stay", "stay", "lose"), strict=True)
    )
    one = rekindle("plan", "--changes", "--user", ids[3], "--json").json()
    assert {(row["scenario_type"], row["effect"]) for row in one["people"]} == {("nudge", "lose"), ("other", "gain")}
    assert set(team.counts().values()) == {0}
    assert team.rows("select scenario_type, version from rekindle.scenario") == [("nudge", 1)]


def test_a_scenario_that_cannot_be_read_is_named_with_2_and_hides_no_other(rekindle: Command, team: Team) -> None:
    programme(team)
    write_config(rekindle.folder, TEAM_CONFIG + OTHER.replace("rekindle_source.nudge", "rekindle_source.nothing"))
    done = rekindle("plan", "--changes")
    assert done.code == 2
    assert lines(done.out)[1:3] == [["nudge", "same", "all", "0", "0", "5"], ["other", "added", "not", "known", *"???"]]
    assert "other: RK304: " in done.out
    found = rekindle("plan", "--changes", "--json")
    assert (found.code, [one["gain"] for one in found.json()["scenarios"]]) == (2, [0, None])
    assert len(found.json()["people"]) == 5
    unknown = rekindle("plan", "--changes", "--scenario", "nobody")
    assert unknown.fault().startswith("error: RK105: ")
    assert rekindle("plan", "--changes", "--show", person(1)).fault().startswith("error: RK106: ")


def test_apply_shows_who_gains_and_who_loses_and_a_dry_run_stores_nothing(rekindle: Command, team: Team) -> None:
    programme(team)
    write_config(rekindle.folder, SOME + OTHER)
    dry = rekindle("apply", "--dry-run")
    assert dry.code == 0
    assert ["nudge", "changed", "all", "0", "3", "2"] in lines(dry.out)
    assert dry.out.splitlines()[-2:] == ["would be changed: nudge", "would be added: other"]
    found = rekindle("apply", "--dry-run", "--json").json()
    assert found["dry_run"] is True
    assert found["changes"] == [
        {"scenario_type": "nudge", "version": None, "change": "changed", "was": None},
        {"scenario_type": "other", "version": None, "change": "added", "was": None},
    ]
    assert team.rows("select count(*) from rekindle.scenario") == [(1,)]
    done = rekindle("apply")
    assert ["other", "added", "all", "5", "0", "0"] in lines(done.out)
    assert done.out.splitlines()[-2:] == ["changed nudge (version 2)", "added other (version 1)"]
    assert rekindle("apply").out.splitlines() == ["Nothing has changed."]
    assert rekindle("apply", "--dry-run").out.splitlines() == ["Nothing would change."]
    write_config(rekindle.folder, SOME)
    for command in (("apply",), ("apply", "--json")):
        refused = rekindle(*command)
        assert refused.code == 2
        assert refused.fault().startswith("error: RK110: this configuration does not have other, so")
    assert rekindle("apply", "--dry-run").out.splitlines()[-1] == "would be retired: other"
    done = rekindle("apply", "--retire", "--json").json()
    assert [(one["scenario_type"], one["change"], one["lose"]) for one in done["difference"]] == [
        ("other", "retired", 5)
    ]


def test_apply_names_what_it_cannot_compare_and_stores_it_anyway(rekindle: Command, team: Team) -> None:
    programme(team)
    # It fails behind the rows that the check reads.
    late = " union all select null, (1 / (n - 9999))::text, '{}' from generate_series(1, 9999) as n"
    write_config(rekindle.folder, TEAM_CONFIG.replace('rekindle_source.nudge"', f'rekindle_source.nudge{late}"'))
    done = rekindle("apply")
    assert done.code == 0
    assert lines(done.out)[1] == ["nudge", "changed", "not", "known", *"???"]
    assert done.out.splitlines()[2].startswith("nudge: RK305: ")
    assert done.out.splitlines()[-1] == "changed nudge (version 2)"


def test_the_hour_is_left_out_of_what_changes_and_a_plan_may_be_of_another(rekindle: Command, team: Team) -> None:
    programme(team)
    now = datetime.now(UTC)
    at = (now + timedelta(hours=6)).replace(minute=30)
    window = TEAM_CONFIG.replace("[run]", '[run]\ntimezone = "UTC"').replace(
        'cooldown = "7d"', f'cooldown = "7d"\nsend_at = "{at:%H:%M}"'
    )
    write_config(rekindle.folder, window)
    changes = rekindle("plan", "--changes")
    assert lines(changes.out)[1] == ["nudge", "changed", "all", "0", "0", "5"]
    left_out = "On both sides send_at is left out: people count at any hour."
    assert left_out in changes.out.splitlines()
    assert rekindle("plan", "--changes", "--json").json()["scenarios"][0]["left_out"] == ["send_at"]
    assert rekindle("apply").code == 0

    (preview,) = rekindle("plan", "--json").json()["scenarios"]
    assert (preview["would_claim"], preview["refusals"]) == (0, {"send_hour": 5})
    later = rekindle("plan", "--at", at.isoformat(), "--json").json()
    assert [one["would_claim"] for one in later["scenarios"]] == [5]
    assert datetime.fromisoformat(later["at"]) == at
    shown = rekindle("plan", "--at", at.isoformat())
    assert shown.out.splitlines()[-1].startswith(f"The plan of {at:%Y-%m-%d %H:%M}:{at:%S} UTC, by the data of now: ")
    assert team.counts()["gate"] == 0
    refused = rekindle("plan", "--at", at.isoformat(), "--changes")
    assert refused.code == 2
    assert refused.fault().startswith("error: RK106: --at and --changes cannot be used together. ")


def test_an_edited_horizon_is_named_although_nobody_gains_or_loses(rekindle: Command, team: Team) -> None:
    programme(team)
    write_config(rekindle.folder, TEAM_CONFIG + '[scenario.nudge.outcome]\nhorizon = "30d"\n')
    for command in (("plan", "--changes"), ("apply",)):
        said = rekindle(*command).out.splitlines()
        assert (
            "nudge: edited outcome.horizon. Pushes that were not looked back at yet take the new horizon; the results "
            "of the others do not change."
        ) in said
    assert not any("edited" in line for line in rekindle("plan", "--changes").out.splitlines())
