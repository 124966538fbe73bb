"""`rekindle prune`, as an operator or a scheduler calls it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from acceptance.command import Command
from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import Team

Within = Callable[..., str]
GONE = {"scenario_notification": 5, "delivery": 5, "gate": 5}


def test_a_prune_deletes_what_is_old_says_so_and_sends_nothing_again(
    within: Within, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    within("apply")
    within("run")
    assert within("prune") == "Nothing is old enough to be deleted.\n"
    shift_clock(team.url, "400 days")
    counted = json.loads(within("prune", "--dry-run", "--json"))
    assert counted == {"dry_run": True, "deleted": GONE, "complete": True}
    assert within("prune", "--dry-run").splitlines()[0] == "scenario_notification: 5 would be deleted"
    assert team.counts()["delivery"] == 5
    assert "complete" in within("prune", "--budget", "10s", "--json")
    assert team.counts()["delivery"] == team.counts()["gate"] == 0
    within("run")
    assert len(fcm.messages()) == 5
    assert "its record was pruned" in within("explain", str(team.rows("select user_id from team.person")[0][0]))


def test_a_prune_that_is_killed_leaves_whole_batches_and_the_next_one_continues(
    rekindle: Command, team: Team
) -> None:
    """The process waits in its second batch for a lock, and is killed there."""
    team.people(5)
    rekindle("apply")
    rekindle("run")
    shift_clock(team.url, "400 days")
    team.execute("create table team.held as select user_id from team.person limit 1")
    team.execute(
        "create function team.wait() returns trigger language plpgsql as $$ begin "
        "  if old.scenario_type = 'nudge' and (select count(*) from rekindle.spent) >= 0 "
        "  then perform pg_sleep(60); end if; return old; end $$"
    )
    team.execute("create trigger wait before delete on rekindle.gate for each row execute function team.wait()")
