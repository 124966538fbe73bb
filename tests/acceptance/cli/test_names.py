"""Commands show organisations, chapters and people by the names that the team knows."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from acceptance.cli.test_tokens import GONE
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, name_organisations, name_people, write_config

Within = Callable[..., str]
GRANVIK = UUID(int=1)


def test_every_list_shows_the_names_and_json_has_them_beside_the_ids(within: Within, team: Team, fcm: Sandbox) -> None:
    def listed(*command: str) -> Any:
        return json.loads(within(*command, "--json"))

    ids = [str(one) for one in team.people(5)]
    team.execute("update team.person set organisation_id = %s", GRANVIK)
    name_organisations(team)
    name_people(team)
    write_config(Path(), TEAM_CONFIG + SCENARIO.replace("scenario.nudge", "scenario.other"))
    assert re.search(r"^n1 +Granvik \(00000000…\) +other +gain", within("plan", "--changes"), re.MULTILINE)
    assert {one["external_id"] for one in listed("plan", "--changes")["people"]} == {"n1", "n2", "n3", "shared"}
    write_config(Path(), TEAM_CONFIG)
    planned = within("plan")
    assert re.findall(r"^(\S+(?: \(\S+\))?) +nudge +first", planned, re.MULTILINE) == [
        "n1",
        "n2",
        "n3",
        f"shared ({ids[3]})",
        f"shared ({ids[4]})",
    ]
    shown = listed("plan", "--show", "n1")
    assert (shown["user_id"], shown["external_id"]) == (ids[0], "n1")
    team.execute("update team.person set active = false where user_id = %s", ids[0])
    assert within("plan", "--show", "n1") == "n1 is not an active recipient here.\n"
    team.execute("update team.person set active = true where user_id = %s", ids[0])
    people = [(one["user_id"], one["external_id"]) for one in listed("plan")["people"]]
    assert people == [*zip(ids, ["n1", "n2", "n3", "shared", "shared"], strict=True)]

    fcm.faults(
        [
            {"match": {"target": "t2-1"}, "respond": {"status": 404, "body": {"error": GONE}}},
            {"match": {"target": "t3-1"}, "respond": {"status": 503}},
        ]
    )
    within("run", "--organisation", GRANVIK, "--confirm", "9")
    within("send", "--user", "n1", "--scenario", "nudge", "--test")
    within("key", "create", "ours", "--scope", "read", "--organisation", GRANVIK)
    within("switch", "on", "--organisation", GRANVIK)
    for command, who in ((("unknown", "list"), "n3"), (("sends",), "n1"), (("tokens", "list"), "n2")):
        table = within(*command)
        assert f" {who} " in table
        assert not any(one in table for one in ids)
        (row,) = listed(*command)
        assert (row["external_id"], row["user_id"]) == (who, ids[int(who[1]) - 1])
    for command in (("unknown", "list"), ("sends",), ("runs",), ("key", "list"), ("audit",), ("report",)):
        table = within(*command)
        assert "Granvik (00000000…)" in table
        assert str(GRANVIK) not in table or command == ("audit",)  # there it is part of the details
    assert [one["organisation_names"] for one in listed("key", "list")] == [["Granvik"]]
    assert {one["organisation_name"] for one in listed("audit")} == {"Granvik", None}

    # A view that fails costs the names and nothing else.
    team.execute("drop view rekindle_source.recipient, rekindle_source.organisation cascade")
    assert ids[2] in within("unknown", "list")
    assert str(GRANVIK) in within("key", "list")
    assert '"external_id": null' in within("sends", "--json")
