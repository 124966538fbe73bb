"""A database that goes down during a run and comes back: the run waits, continues and completes."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.audit import audit
from acceptance.command import Command, ended, environment
from acceptance.fixtures import apply
from conftest import SERVERS, SETTINGS
from faults.wire import Wire
from rekindle import Engine
from rekindle.embedded import EmbeddedPostgres
from rekindle.model import Accepted, Message, Outcome
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import TEAM_CONFIG, Team, fill_team, write_config
from team.waiting import until

FEW_AT_ONCE = TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 6")
BUDGET_SECONDS = 10


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A separate server that the test may crash."""
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as one:
        yield one


@pytest.fixture
def own_team(postgres: EmbeddedPostgres, team_config: Config) -> Team:
    fill_team(postgres.url)
    asyncio.run(apply(postgres.url, team_config))
    return Team(postgres.url)


@pytest.mark.parametrize("how", ["restart", "crash"])
@pytest.mark.parametrize("sends", [1, 30])
def test_a_run_survives_a_database_that_restarts_and_completes(
    postgres: EmbeddedPostgres, own_team: Team, fcm: Sandbox, tmp_path: Path, how: str, sends: int
) -> None:
    own_team.people(40, devices=2)
    write_config(tmp_path, FEW_AT_ONCE)
    rekindle = Command(tmp_path, environment(postgres.url, fcm))
    fcm.faults([{"match": {"target": "*"}, "respond": {"delay_ms": 40}}])
    before = fcm.requests()["send"]
    process = rekindle.start("--log-level", "warning", "run", "--budget", "60s", "--json")
    try:
        until(lambda: fcm.requests()["send"] - before >= sends)
        if how == "restart":
            postgres.restart()
        else:
            postgres.crash()
            postgres.start()
        done = ended(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
    report = done.json()
    assert (done.code, report["status"]) == (0, "done"), done
    assert report["scenarios"][0]["recorded"] == 40
    assert "Traceback" not in done.err
    assert len(fcm.messages()) == 80
    assert (own_team.counts()["outbox"], own_team.counts()["outcome"]) == (0, 0)
    audit(own_team, fcm)


@pytest.mark.parametrize("answered", [False, True], ids=["before it arrived", "after it was committed"])
@pytest.mark.parametrize(
    "word", ["rekindle:lock_if_free", "rekindle:run_open", "rekindle:claim", "rekindle:leased", "rekindle:arm",
             "rekindle:record", "rekindle:release", "rekindle:run_close"],
)  # fmt: skip
async def test_a_connection_that_is_cut_at_any_statement_causes_no_second_push_and_leaves_nobody_out(
    team: Team, team_config: Config, word: str, answered: bool
) -> None:
    team.people(30, devices=2)
    async with Wire(team.url, word, answered=answered, times=2).open() as wire:
        dispatcher = ScriptedDispatcher()
        settings = Settings.model_validate({"REKINDLE_DATABASE_URL": wire.url})
        async with Engine.open(settings, team_config, dispatcher=dispatcher) as engine:
            report = await engine.run(budget_seconds=60)
    assert wire.hits == 2
    assert len({(message.claim_id, message.target) for message in dispatcher.sent}) == len(dispatcher.sent)
    assert report.status == "done", report
    assert report.scenarios[0].recorded == 30
    assert sorted(message.target for message in dispatcher.sent) == sorted(
        f"t{person}-{device}" for person in range(1, 31) for device in (1, 2)
    )
    counts = team.counts()
    assert (counts["scenario_notification"], counts["delivery"], counts["outbox"]) == (30, 60, 0)
    assert team.rows("select from rekindle.gate where inflight is not null") == []


async def test_a_database_that_does_not_come_back_ends_the_run_in_its_time_and_the_next_one_completes_it(
    postgres: EmbeddedPostgres, team_config: Config, tmp_path: Path
) -> None:
    await asyncio.to_thread(fill_team, postgres.url)
    await apply(postgres.url, team_config)
    team = Team(postgres.url)
    team.people(50)
    crashed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(message: Message) -> Outcome:
        if not crashed.is_set():
            crashed.set()
            postgres.crash()
        return Accepted(f"scripted/{message.claim_id}")

    dispatcher = ScriptedDispatcher(answer)
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": postgres.url})
    async with Engine.open(settings, team_config, dispatcher=dispatcher) as engine:
        begun = loop.time()
        with pytest.raises(Exception, match=r"^RK201"):
            await engine.run(budget_seconds=BUDGET_SECONDS)
        assert loop.time() - begun < BUDGET_SECONDS + 40
    await asyncio.to_thread(postgres.start)
    sent = {message.target for message in dispatcher.sent}
    assert {row[0] for row in team.rows("select target from rekindle.outbox where state = 'dispatching'")} == sent
    second = ScriptedDispatcher()
    async with Engine.open(settings, team_config, dispatcher=second) as engine:
        await engine.run(budget_seconds=60)
    assert {message.target for message in second.sent} & sent == set()
