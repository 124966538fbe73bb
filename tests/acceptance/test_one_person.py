"""One person and one scenario: each case in the list of the brief."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from acceptance.command import engine_over
from acceptance.fixtures import apply
from conftest import shift_clock
from rekindle import Engine, evaluate_and_dispatch
from rekindle.configuration import load_config
from rekindle.errors import ConfigNotApplied, Disposition, UnknownScenario
from rekindle.model import Acceptance, Message, Outcome, Refused, Report, Selection, Verdict
from rekindle.ports import Evaluation, NotificationRepository
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import BrokenNotifications, ScriptedDispatcher
from team.team import SCENARIO, Team, write_config

Logged = list[dict[str, Any]]


class Desk:
    """An engine with a scripted dispatcher over the team's database."""

    def __init__(self, engine: Engine, dispatcher: ScriptedDispatcher, config: Config) -> None:
        self.engine = engine
        self.sent = dispatcher.sent
        self._config = config

    async def nudge(self, user_id: UUID, *, notifications: NotificationRepository | None = None) -> Report:
        deps = self.engine.deps
        if notifications is not None:
            deps = replace(deps, notifications=notifications)
        return await evaluate_and_dispatch(user_id, "nudge", self._config, deps)


Open = Callable[..., Any]


@pytest.fixture
async def desk(team_worker_url: str, team_config: Config) -> AsyncIterator[Open]:
    """Opens desks, each with a separate connection pool."""
    async with AsyncExitStack() as stack:

        async def open_desk(answer: Callable[[Message], Outcome] | None = None) -> Desk:
            settings = Settings.model_validate({"REKINDLE_DATABASE_URL": team_worker_url})
            dispatcher = ScriptedDispatcher(answer)
            engine = await stack.enter_async_context(Engine.open(settings, team_config, dispatcher=dispatcher))
            return Desk(engine, dispatcher, team_config)

        yield open_desk


def events(logged: Logged, level: str) -> list[str]:
    return [line["event"] for line in logged if line["log_level"] == level]


def only(report: Report) -> Any:
    (numbers,) = report.scenarios
    return numbers


async def test_successful_dispatch_calls_the_dispatcher_with_the_right_payload_and_writes_the_record(
    desk: Open, team: Team
) -> None:
    (user_id,) = team.people(1)
    one = await desk()
    before = datetime.now(UTC)
    report = await one.nudge(user_id)
    after = datetime.now(UTC)
    assert (report.status, only(report).recorded, only(report).pushes) == ("done", 1, 1)
    (message,) = one.sent
    assert (message.user_id, message.scenario_type) == (user_id, "nudge")
    assert (message.target_kind, message.target) == ("token", "t1-1")
    assert (message.title, message.body) == ("Hello Name1", "You have 7 points.")
    keys = {hashlib.sha256(f"{user_id}nudge{at:%Y-%m-%d}".encode()).hexdigest() for at in (before, after)}
    assert message.idempotency_key in keys
    ((claim, user, scenario, at, key),) = team.rows(
        "select id, user_id, scenario_type, dispatched_at, idempotency_key from rekindle.scenario_notification"
    )
    assert (claim, user, scenario, key) == (message.claim_id, user_id, "nudge", message.idempotency_key)
    # The server's clock and ours are the same machine's, read by two programs.
    assert before - timedelta(seconds=1) < at < after + timedelta(seconds=1)
    assert team.rows("select claim_id, provider_name from rekindle.delivery") == [
        (claim, f"scripted/{claim}/1"),
    ]


async def test_on_the_wire_every_platform_gets_the_claim_id_and_each_recipient_the_text_of_their_language(
    team: Team, team_worker_url: str, team_config: Config, fcm: Sandbox
) -> None:
    people = team.people(3)
    for user_id, locale in zip(people, ("en-GB", "nb-NO", "fr"), strict=True):
        team.execute("update team.person set locale = %s where user_id = %s", locale, user_id)
    async with engine_over(team_worker_url, fcm, team_config) as engine:
        for user_id in people:
            await evaluate_and_dispatch(user_id, "nudge", team_config, engine.deps)
    records = dict(team.rows("select user_id, id from rekindle.scenario_notification"))
    wire = {sent["target"]: sent["message"] for sent in fcm.messages()}
    assert len(fcm.messages()) == len(wire) == len(records) == 3
    texts = {"t1-1": "Hello Name1", "t2-1": "Hei Name2", "t3-1": "Hello Name3"}
    bodies = {"t1-1": "You have 7 points.", "t2-1": "Du har 7 poeng.", "t3-1": "You have 7 points."}
    for user_id, target in zip(people, sorted(wire), strict=True):
        message, claim = wire[target], str(records[user_id])
        assert message["notification"] == {"title": texts[target], "body": bodies[target]}
        assert message["android"]["notification"]["tag"] == claim
        assert message["apns"]["headers"]["apns-collapse-id"] == claim
        assert message["webpush"]["notification"]["tag"] == claim
        assert message["data"]["claim_id"] == claim
        assert message["data"]["scenario_type"] == "nudge"


async def test_dispatcher_failure_writes_no_record_and_logs_the_error(desk: Open, team: Team, logged: Logged) -> None:
    (user_id,) = team.people(1)
    one = await desk(lambda _: Refused(Disposition.DROP, "invalid_argument"))
    report = await one.nudge(user_id)
    assert (report.status, only(report).dead, only(report).recorded) == ("incomplete", 1, 0)
    assert only(report).reasons == {"dead:invalid_argument": 1}
    assert (team.counts()["scenario_notification"], team.counts()["delivery"]) == (0, 0)
    (line,) = [line for line in logged if line["event"] == "dispatch.refused"]
    assert (line["log_level"], line["reason"], line["claims"]) == (
        "error", "invalid_argument", [str(one.sent[0].claim_id)],
    )  # fmt: skip


async def test_a_dispatcher_that_raises_leaves_an_unknown_send_and_no_record(
    desk: Open, team: Team, logged: Logged
) -> None:
    (user_id,) = team.people(1)

    def burst(message: Message) -> Outcome:
        raise RuntimeError("the dispatcher's own mistake")

    one = await desk(burst)
    report = await one.nudge(user_id)
    assert only(report).reasons == {"unknown:dispatcher_fault": 1}
    assert team.counts()["scenario_notification"] == 0
    assert "dispatcher.fault" in events(logged, "error")
    again = await one.nudge(user_id)
    assert (only(again).claimed, len(one.sent)) == (0, 1)


async def test_a_record_write_that_fails_after_the_dispatch_is_critical_and_nothing_is_sent_again(
    desk: Open, team: Team, logged: Logged
) -> None:
    (user_id,) = team.people(1)
    one = await desk()
    broken = BrokenNotifications(RuntimeError("the table is locked"))
    report = await one.nudge(user_id, notifications=broken)
    assert broken.attempts > 1
    assert (report.status, only(report).reasons) == ("incomplete", {"unknown:record_failed": 1})
    (message,) = one.sent
    (line,) = [line for line in logged if line["log_level"] == "critical"]
    assert (line["event"], line["code"]) == ("record.failed", "RK501")
    assert line["claim_id"] == str(message.claim_id)
    assert line["provider_name"] == f"scripted/{message.claim_id}/1"
    assert not {str(user_id), message.idempotency_key} & {str(value) for value in line.values()}
    assert team.counts()["scenario_notification"] == 0
    (unknown,) = await one.engine.unknown()
    assert (unknown.claim_id, unknown.reason, unknown.closed_at) == (message.claim_id, "record_failed", None)
    # Held, then swept and closed, then past its day: no run sends again within the cooldown.
    refusals: list[dict[str, int]] = []
    for later in ("0 s", "5 minutes", "2 hours", "30 hours", "6 days"):
        shift_clock(team.url, later)
        refusals.append(dict(only(await one.nudge(user_id)).refusals))
        assert len(one.sent) == 1
    assert refusals == [{"in_flight": 1}] * 2 + [{"already_notified": 1}] * 3
    (closed,) = await one.engine.unknown()
    assert closed.claim_id == message.claim_id
    assert closed.closed_at is not None
    # The cooldown also refuses another occurrence of the same scenario. It counts from the end of
    # the hold.
    team.execute("update team.wanted set occurrence = 'second'")
    assert dict(only(await one.nudge(user_id)).refusals) == {"cooldown": 1}
    shift_clock(team.url, "8 days")
    assert only(await one.nudge(user_id)).recorded == 1
    assert len(one.sent) == 2


class FailsFirst:
    """A notification repository whose first attempt fails."""

    def __init__(self, inner: NotificationRepository) -> None:
        self._inner = inner
        self.attempts = 0

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        self.attempts += 1
        if self.attempts == 1:
            raise ConnectionError
        return await self._inner.record(run_id, acceptances)


async def test_a_record_write_that_fails_once_is_written_at_the_next_attempt(
    desk: Open, team: Team, logged: Logged
) -> None:
    (user_id,) = team.people(1)
    one = await desk()
    flaky = FailsFirst(one.engine.deps.notifications)
    report = await one.nudge(user_id, notifications=flaky)
    assert (report.status, only(report).recorded, flaky.attempts, len(one.sent)) == ("done", 1, 2, 1)
    assert team.counts()["scenario_notification"] == 1
    assert await one.engine.unknown() == []
    assert events(logged, "critical") == []


async def test_without_a_device_token_the_person_is_skipped_with_that_reason_and_the_cooldown_is_not_consumed(
    desk: Open, team: Team, logged: Logged
) -> None:
    (user_id,) = team.people(1, devices=0)
    one = await desk()
    report = await one.nudge(user_id)
    assert (only(report).due, only(report).claimed, dict(only(report).refusals)) == (1, 0, {"no_token": 1})
    (line,) = [line for line in logged if line["event"] == "scenario.claimed"]
    assert line["refused"] == {"no_token": 1}
    assert only(report).unreachable
    counted = team.rows("select refused, refusals from rekindle.run_scenario")
    assert counted == [(1, {"no_token": 1})]
    assert team.counts()["gate"] == 0
    team.execute("insert into team.device (user_id, token) values (%s, 'new')", user_id)
    assert only(await one.nudge(user_id)).recorded == 1
    assert [message.target for message in one.sent] == ["new"]


async def test_concurrent_calls_for_one_person_give_one_push_and_one_record(desk: Open, team: Team) -> None:
    (user_id,) = team.people(1)
    desks = [await desk() for _ in range(8)]
    reports = await asyncio.gather(*(one.nudge(user_id) for one in desks for _ in range(2)))
    assert sum(len(one.sent) for one in desks) == 1
    assert (team.counts()["scenario_notification"], team.counts()["delivery"]) == (1, 1)
    assert sum(only(report).claimed for report in reports) == 1
    assert all(only(report).claimed + only(report).refused == 1 for report in reports)


async def test_a_key_that_another_writer_records_between_claim_and_arm_is_skipped_with_a_warning(
    desk: Open, team: Team, logged: Logged
) -> None:
    (user_id,) = team.people(1)
    one = await desk()
    store = one.engine.deps.store
    # Only claim, as a run that is killed directly afterwards would; then the other writer records;
    # then a whole run takes the unit over once its lease has ended.
    (applied,) = await store.applied()
    run_id = await store.open_run(budget_seconds=30, dispatcher="scripted")
    evaluation = Evaluation(applied, Selection(user_id=user_id))
    numbers = await store.claim(run_id, evaluation, reserved_seconds=30)
    assert numbers.claimed == 1
    await store.release(run_id)
    team.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key) "
        "select %s, user_id, scenario_type, idempotency_key from rekindle.outbox",
        uuid4(),
    )
    report = await one.nudge(user_id)
    assert one.sent == []
    assert (report.status, only(report).reasons) == ("done", {"skipped:already_recorded": 1})
    assert "dispatch.skipped" in events(logged, "warning")
    assert not events(logged, "error")
    assert not events(logged, "critical")
    assert team.counts()["scenario_notification"] == 1


async def test_end_to_end_on_postgres_and_the_sandbox_there_is_exactly_one_record(
    team: Team, team_worker_url: str, team_config: Config, fcm: Sandbox
) -> None:
    (user_id,) = team.people(1)
    async with engine_over(team_worker_url, fcm, team_config) as engine:
        report = await evaluate_and_dispatch(user_id, "nudge", team_config, engine.deps)
    assert report.exit_code == 0
    (message,) = fcm.messages()
    assert team.rows(
        "select n.id::text, n.user_id, d.provider_name "
        "from rekindle.scenario_notification n join rekindle.delivery d on d.claim_id = n.id"
    ) == [(message["message"]["data"]["claim_id"], user_id, message["name"])]
    assert team.counts()["scenario_notification"] == 1


async def test_the_same_evaluation_twice_calls_the_dispatcher_once(desk: Open, team: Team) -> None:
    (user_id,) = team.people(1)
    one = await desk()
    first, second = await one.nudge(user_id), await one.nudge(user_id)
    assert len(one.sent) == 1
    assert (only(first).recorded, only(second).claimed) == (1, 0)
    assert dict(only(second).refusals) == {"already_notified": 1}
    team.execute("update team.wanted set occurrence = 'second'")
    assert dict(only(await one.nudge(user_id)).refusals) == {"cooldown": 1}
    assert len(one.sent) == 1


async def test_a_person_who_is_not_due_is_counted_and_nothing_is_sent(desk: Open, team: Team) -> None:
    team.people(1)
    one = await desk()
    team.execute("delete from team.wanted")
    report = await one.nudge(uuid4())
    assert (only(report).evaluated, only(report).due) == (0, 0)
    (user_id,) = [row[0] for row in team.rows("select user_id from team.person")]
    assert (only(await one.nudge(user_id)).not_due, one.sent) == (1, [])


async def test_a_call_for_one_person_touches_nobody_elses_units(desk: Open, team: Team) -> None:
    mine, other = team.people(2)
    one = await desk(lambda _: Refused(Disposition.RETRY, "quota_exceeded", retry_after=60.0))
    await one.nudge(other)
    shift_clock(team.url, "10 minutes")
    kept = "select * from rekindle.outbox where user_id = %s"
    before = team.rows(kept, other)
    assert len(before) == 1
    two = await desk()
    report = await two.nudge(mine)
    assert (report.status, [message.user_id for message in two.sent]) == ("done", [mine])
    assert team.rows(kept, other) == before


async def test_a_scenario_that_the_configuration_lacks_is_RK105_and_one_not_applied_is_RK104(  # noqa: N802
    desk: Open, team: Team, team_config: Config, tmp_path: Path
) -> None:
    (user_id,) = team.people(1)
    one = await desk()
    with pytest.raises(UnknownScenario, match=r"^RK105: .*'nope'"):
        await evaluate_and_dispatch(user_id, "nope", team_config, one.engine.deps)
    changed = load_config(write_config(tmp_path, SCENARIO.replace("7d", "8d")))
    with pytest.raises(ConfigNotApplied, match=r"^RK104: .*rekindle apply"):
        await evaluate_and_dispatch(user_id, "nudge", changed, one.engine.deps)
    assert one.sent == []
    assert set(team.counts().values()) == {0}


async def test_a_scenario_that_is_switched_off_sends_nothing(desk: Open, team: Team, tmp_path: Path) -> None:
    (user_id,) = team.people(1)
    off = load_config(write_config(tmp_path, SCENARIO.replace('cooldown = "7d"', 'cooldown = "7d"\nenabled = false')))
    await apply(team.url, off)
    one = await desk()
    report = await evaluate_and_dispatch(user_id, "nudge", off, one.engine.deps)
    assert (report.status, report.scenarios, one.sent) == ("done", (), [])
