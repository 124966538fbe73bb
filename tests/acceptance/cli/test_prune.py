"""`rekindle prune`, as an operator or a scheduler calls it."""

import json
from collections.abc import Callable

from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import Team, person

Within = Callable[..., str]


def test_a_prune_deletes_what_is_old_says_so_and_nobody_gets_a_push_again(
    within: Within, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    within("apply")
    within("run")
    assert within("prune") == "Nothing is old enough to be deleted.\n"
    shift_clock(team.url, "400 days")
    gone = {"scenario_notification": 5, "delivery": 5, "gate": 5}
    assert json.loads(within("prune", "--dry-run", "--json")) == {"dry_run": True, "deleted": gone, "complete": True}
    assert within("prune", "--dry-run").splitlines()[0] == "delivery: 5 would be deleted"
    assert team.counts()["delivery"] == 5
    assert json.loads(within("prune", "--budget", "60s", "--json"))["deleted"] == gone
    assert team.counts()["delivery"] == team.counts()["gate"] == 0
    within("run")
    assert len(fcm.messages()) == 5
    assert "its record was pruned" in within("explain", person(1))
    assert team.rows("select count(*) from rekindle.audit where action = 'ledger.pruned'") == [(1,)]
