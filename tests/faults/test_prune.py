"""A prune whose process is killed, and one beside a run and a worker."""

import signal

import psycopg

from acceptance.command import Command, ended
from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import Team
from team.waiting import until


def test_a_prune_whose_process_is_killed_leaves_whole_batches_and_the_next_one_continues(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    assert rekindle("run").code == 0
    shift_clock(team.url, "400 days")
    for table, left in (("spent", 5), ("cap", 0)):
        with psycopg.connect(team.url) as holder:
            # First in the middle of the batch of records, then after it.
            holder.execute(f"lock table rekindle.{table} in access exclusive mode".encode())
            process = rekindle.start("prune")
            until(lambda: bool(team.rows("select from pg_stat_activity where wait_event_type = 'Lock' "
                                         "and query like '%%rekindle:prune%%'")))  # fmt: skip
            process.send_signal(signal.SIGKILL)
            ended(process)
            holder.rollback()
        until(lambda: not team.rows("select from pg_stat_activity where query like '%%rekindle:prune%%' "
                                    "and state <> 'idle' and pid <> pg_backend_pid()"))  # fmt: skip
        assert team.counts()["scenario_notification"] == team.counts()["delivery"] == left
        assert team.rows("select count(*) from rekindle.spent") == [(5 - left,)]
    assert rekindle("prune", "--json").json()["complete"] is True
    assert team.counts()["gate"] == 0
    assert rekindle("run").code == 0
    assert len(fcm.messages()) == 5
