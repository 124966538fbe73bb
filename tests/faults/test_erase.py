"""A person is erased by a real process while others work, and when that process is killed."""

import asyncio
import json
import signal
from uuid import UUID

import psycopg

from acceptance.command import Command, ended
from rekindle import Engine
from rekindle.ports import Erased
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import TEAM_CONFIG, Team, person, write_config
from team.waiting import until

TABLES = (
    "gate",
    "cap",
    "outbox",
    "scenario_notification",
    "delivery",
    "came_back",
    "outcome",
    "disabled_token",
    "enrolment",
    "audit",
)


def ledger(team: Team) -> dict[str, list[str]]:
    """Every row that may hold a person, and the audit."""
    return {
        table: sorted(str(row) for (row,) in team.rows(f"select t::text from rekindle.{table} t"))  # type: ignore[arg-type]
        for table in TABLES
    }


async def erased(rekindle: Command, *users: str) -> list[Erased]:
    """Erase them in this process, which is faster than a command."""
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": rekindle.environment["REKINDLE_DATABASE_URL"]})
    async with Engine.open(settings, Config(), dispatcher=ScriptedDispatcher()) as engine:
        return [await engine.erase(UUID(user)) for user in users]


def test_an_erasure_whose_process_is_killed_in_the_middle_has_erased_nothing_and_can_be_repeated(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(2)
    fcm.faults([{"match": {"target": "*"}, "times": 1, "respond": {"status": 503}}])
    assert rekindle("run").code == 1
    team.execute("delete from team.person where user_id = %s", person(1))
    before = ledger(team)
    with psycopg.connect(team.url) as holder:
        # The erasure has deleted units and records, and waits for the gates.
        holder.execute("select from rekindle.gate for update")
        process = rekindle.start("erase", person(1), "--yes")
        blocked = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%%erase_gates%%'"
        until(lambda: bool(team.rows(blocked)))
        process.send_signal(signal.SIGKILL)
        ended(process)
        holder.rollback()
    until(
        lambda: (
            not team.rows(
                "select from pg_stat_activity where query like '%%rekindle:erase%%' and state <> 'idle'"
                " and pid <> pg_backend_pid()"
            )
        )
    )
    assert ledger(team) == before
    assert rekindle("erase", person(1), "--yes").code == 0
    assert str(person(1)) not in str(ledger(team))


def test_a_person_who_is_erased_while_a_run_sends_to_them_leaves_nothing_and_the_run_adds_up(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    """The provider accepts the push after the erasure. The run finds no unit for the answer."""
    team.people(12)
    write_config(rekindle.folder, TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 6"))
    assert rekindle("apply").code == 0
    fcm.faults([{"match": {"target": "*"}, "respond": {"delay_ms": 4000}}])
    process = rekindle.start("--log-level", "warning", "run", "--json")
    sending = "select user_id::text from rekindle.outbox where state = 'dispatching' order by 1 limit 1"
    until(lambda: bool(team.rows(sending)))
    [(sent_to,)] = team.rows(sending)
    [(waiting,)] = team.rows(
        "select user_id::text from rekindle.outbox where state = 'claimed' order by 1 desc limit 1"
    )
    for user_id in (sent_to, waiting):
        team.execute("update team.person set active = false where user_id = %s", user_id)
    answers = asyncio.run(erased(rekindle, str(sent_to), str(waiting)))
    assert (answers[0].under_way, answers[0].withdrawn) == (1, 0)
    assert (answers[1].under_way, answers[1].withdrawn) == (0, 1)
    assert answers[0].may_arrive_until is not None
    done = ended(process)
    stale = [line for line in map(json.loads, done.err.splitlines()) if line["event"] == "record.stale"]
    assert len(stale) == 1, done.err
    (one,) = done.json()["scenarios"]
    assert (one["claimed"], one["recorded"], one["handed_over"]) == (12, 10, 2)
    assert len(fcm.messages()) == 11  # the push that waited was never sent
    everything = str(ledger(team)) + done.err
    assert [user_id for user_id in (sent_to, waiting) if str(user_id) in everything] == []
    # The next run has nothing to finish, and claims neither of them.
    assert rekindle("run", "--json").json()["scenarios"][0]["claimed"] == 0
