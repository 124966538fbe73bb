"""One person at a time: `rekindle run --user`."""

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
