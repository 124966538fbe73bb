"""The HTTP API has the names of organisations and people beside their ids."""

from typing import Any
from uuid import UUID

from acceptance.api.served import Served
from team.team import Team, name_organisations, name_people

GRANVIK = str(UUID(int=1))


def test_each_document_has_the_name_beside_the_id(api: Served, team: Team) -> None:
    def items(path: str) -> list[dict[str, Any]]:
        answer = api.client.get(f"/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    ids = [str(one) for one in team.people(2)]
    team.execute("update team.person set organisation_id = %s", GRANVIK)
    name_organisations(team)
    name_people(team)
    assert [(one["user_id"], one["external_id"]) for one in items("plan")] == [*zip(ids, ["n1", "n2"], strict=True)]
    api.post({"organisations": [GRANVIK]}, wait=30)
    asked = {"user_id": ids[0], "scenario": "nudge"}
    assert api.client.post("/v1/test-sends", json=asked).json()["external_id"] == "n1"
    key = api.client.put("/v1/keys/ours", json={"scope": "read", "organisations": [GRANVIK]}).json()
    again = api.client.put("/v1/keys/ours", json={"scope": "read", "organisations": [GRANVIK]}).json()
    assert key["organisation_names"] == again["organisation_names"] == ["Granvik"]
    assert api.client.get("/v1/keys/ours").json() == items("keys")[0]
    assert items("keys")[0]["organisation_names"] == ["Granvik"]
    for path, people in (("notifications", {"n1", "n2"}), ("deliveries", {"n1", "n2"}), ("test-sends", {"n1"})):
        rows = items(path)
        assert {one["external_id"] for one in rows} == people
        assert {ids.index(one["user_id"]) + 1 for one in rows} == {int(one[1:]) for one in people}
        assert {one["organisation_name"] for one in rows} == {"Granvik"}
    started = [one for one in items("audit") if one["action"] == "run.started"]
    assert [(one["organisation_id"], one["organisation_name"]) for one in started] == [(GRANVIK, "Granvik")]
