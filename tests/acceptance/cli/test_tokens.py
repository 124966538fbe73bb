"""Disabled device tokens on the command line: list them, and use them again."""

from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import Team

GONE = {
    "code": 404,
    "status": "NOT_FOUND",
    "details": [
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"},
    ],
}


def test_dead_tokens_are_listed_without_the_token_and_revived(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    assert rekindle("tokens", "list").out == "There are no such disabled tokens.\n"
    (user,) = team.people(1)
    fcm.faults([{"match": {"target": "t1-1"}, "respond": {"status": 404, "body": {"error": GONE}}}])
    rekindle("run")
    (token,) = rekindle("tokens", "list", "--json").json()
    assert (token["user_id"], token["reason"], token["registration"]) == (str(user), "unregistered", "older")
    table = rekindle("tokens", "list", "--user", user)
    assert token["device_id"] in table.out
    assert "disabled" in table.out
    assert "t1-1" not in table.out
    assert rekindle("tokens", "revive").code == 2
    assert "say which tokens to revive" in rekindle("tokens", "revive").err
    assert "--since is not a duration" in rekindle("tokens", "revive", "--since", "soon").err
    assert rekindle("tokens", "revive", token["device_id"]).out == "1 token(s) may be used again.\n"
    assert rekindle("tokens", "list", "--json").json() == []
