"""One person at a time: `rekindle run --user` and `rekindle send`."""

from collections.abc import Callable
from pathlib import Path

from acceptance.cli.test_guard import GUARDED
from rekindle.sandbox import Sandbox
from team.team import Team, person, write_config

Within = Callable[..., str]


def test_a_run_of_one_person_claims_that_person_alone_and_the_guard_lets_it(
    within: Within, team: Team, fcm: Sandbox
) -> None:
    write_config(Path(), GUARDED)
    team.people(12)
    within("apply")
    assert "RK502" in within("run")
    assert "1 person reached" in within("run", "--user", person(3), "--scenario", "nudge", "--key", "one")
    assert [message["target"] for message in fcm.messages()] == ["t3-1"]
    # The same name is the same run only for the same person.
    assert "RK703" in within("run", "--user", person(4), "--scenario", "nudge", "--key", "one")
    assert "already_notified 1" in within("run", "--user", person(3))
    assert "not an active recipient" in within("run", "--user", person(99))
    assert "valid 1" in within("run", "--user", person(4), "--dry-run")
    assert team.counts()["scenario_notification"] == len(fcm.messages()) == 1


def test_a_test_push_is_sent_and_listed(within: Within, team: Team, fcm: Sandbox) -> None:
    one, other = team.people(2)
    team.execute("delete from team.wanted where user_id = %s", other)
    within("apply")
    assert "RK106: only test pushes are sent by hand" in within("send", "--user", one, "--scenario", "nudge")
    many = [part for number in range(6) for part in ("--user", person(number))]
    assert "Name at most 5." in within("send", *many, "--scenario", "nudge", "--test")
    said = within("send", "--user", one, "--user", other, "--scenario", "nudge", "--test", "--token", "c4n4ry")
    assert said.count("to the token that you gave: accepted by the provider.") == 2
    assert "The person is not due, so these have sample values: points." in said
    assert [message["target"] for message in fcm.messages()] == ["c4n4ry", "c4n4ry"]
    fcm.faults([{"match": {"target": "*"}, "respond": {"status": 503}}])
    said = within("send", "--user", one, "--scenario", "nudge", "--test")
    assert "unknown (" in said
    assert "It may arrive. It is not sent again." in said
    listed = within("sends")
    assert (listed.count(str(one)), listed.count("a given token")) == (2, 2)
    assert "c4n4ry" not in said + listed
    assert "test_send" in within("erase", one, "--yes", "--force")
