"""Test pushes: sent with a person's data, outside of every rule and record, and never too many."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest

from conftest import shift_clock
from rekindle import Engine
from rekindle.errors import (
    Disposition,
    InstallationNotAdopted,
    KeyTaken,
    NoTestSend,
    NotFound,
    RekindleError,
    TooManyTests,
    UnknownScenario,
)
from rekindle.model import Accepted, Asked, Message, Outcome, Refused, SentAsTest, Uncertain
from rekindle.ports import Filter
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import Team

Opened = tuple[Engine, ScriptedDispatcher]
Open = Callable[..., "asyncio.Future[Opened]"]


@pytest.fixture
async def opened(team_worker_url: str, team_config: Config) -> AsyncIterator[Open]:
    """Opens engines over the team's database, each with a dispatcher that answers as scripted."""
    async with AsyncExitStack() as stack:

        async def open_engine(answer: Callable[[Message], Outcome] | None = None) -> Opened:
            dispatcher = ScriptedDispatcher(answer)
            settings = Settings.model_validate({"REKINDLE_DATABASE_URL": team_worker_url})
            return await stack.enter_async_context(
                Engine.open(settings, team_config, dispatcher=dispatcher)
            ), dispatcher

        yield open_engine


async def refused(sending: object) -> str:
    """The code of the error with which a test push is refused."""
    try:
        await sending  # type: ignore[misc]
    except RekindleError as fault:
        return fault.code
    return "sent"


async def test_it_has_the_persons_data_and_a_mark_and_the_next_run_does_what_it_would_have_done(
    opened: Open, team: Team
) -> None:
    due, other = team.people(2, devices=2)
    team.execute("delete from team.wanted where user_id = %s", other)
    team.execute("update team.device set last_registered_at = now() - interval '1 day' where token like '%%-1'")
    team.execute("update team.device set last_registered_at = now() - interval '1 hour' where token like '%%-2'")
    engine, dispatcher = await opened()
    first, second = await engine.send_test(due, "nudge"), await engine.send_test(other, "nudge")
    texts = [(one.target, one.title, one.body, one.data["rekindle_test"]) for one in dispatcher.sent]
    assert texts == [
        ("t1-2", "[Test] Hello Name1", "You have 7 points.", "true"),
        ("t2-2", "[Test] Hello Name2", "You have [points] points.", "true"),
    ]
    assert [(one.due, one.samples, one.outcome) for one in (first, second)] == [
        (True, (), "accepted"),
        (False, ("points",), "accepted"),
    ]
    assert set(team.counts().values()) == {0}
    report = await engine.run()
    assert (report.scenarios[0].recorded, report.scenarios[0].pushes) == (1, 2)
    # Afterwards the cooldown stops the run, and no test push.
    assert (await engine.send_test(due, "nudge")).outcome == "accepted"
    assert [one.test_id for one in await engine.tests_sent(Filter())][1:] == [second.test_id, first.test_id]
    [(actions,)] = team.rows(
        "select array_agg(action order by audit_id) from rekindle.audit where action like 'test%%'"
    )
    assert actions == ["test.sent"] * 3


async def test_to_a_token_it_goes_whatever_the_person_wants_and_the_token_is_nowhere(opened: Open, team: Team) -> None:
    away, tokenless, inactive = team.people(3)
    team.execute(
        "create view rekindle_source.preference as select user_id, scenario_type, opted_out from team.preference"
    )
    team.execute("grant select on rekindle_source.preference to rekindle_worker")
    team.execute("insert into team.preference values (%s, 'nudge', true)", away)
    team.execute("delete from team.device where user_id = %s", tokenless)
    team.execute("update team.person set active = false where user_id = %s", inactive)
    engine, dispatcher = await opened()
    for person, code in ((away, "RK735"), (tokenless, "RK735"), (inactive, "RK726"), (UUID(int=9), "RK726")):
        assert await refused(engine.send_test(person, "nudge")) == code
    with pytest.raises(UnknownScenario):
        await engine.send_test(away, "nothing")
    for person in (away, tokenless):
        sent = await engine.send_test(person, "nudge", token="c4n4ry")
        assert (sent.outcome, sent.device_id) == ("accepted", None)
    assert [one.target for one in dispatcher.sent] == ["c4n4ry"] * 2
    dump = team.rows(
        "select to_jsonb(t)::text from rekindle.test_send t union all select to_jsonb(a)::text from rekindle.audit a"
    )
    assert "c4n4ry" not in json.dumps(dump)
    assert len(dump) >= 4
    await engine.switch("off", scenario_type="nudge")
    with pytest.raises(NoTestSend, match="refused: switched off"):
        await engine.send_test(away, "nudge", token="c4n4ry")
    # A reader of one organisation finds nobody of another.
    with pytest.raises(NotFound):
        await engine.send_test(away, "nudge", token="c4n4ry", sees=[UUID(int=5)])
    assert len(await engine.tests_sent(Filter())) == 2
    assert await engine.tests_sent(Filter(sees=[UUID(int=5)])) == []


async def test_its_row_is_committed_before_a_byte_leaves_and_learns_the_outcome_once(
    opened: Open, team: Team, logged: list[dict[str, Any]]
) -> None:
    (user_id,) = team.people(1)
    before: list[tuple[object, ...]] = []
    answers = iter((Refused(Disposition.PRUNE, "unregistered", hint="gone"), Uncertain("timeout"), None))

    def answer(message: Message) -> Outcome:
        before.extend(team.rows("select outcome, reason from rekindle.test_send order by sent_at desc limit 1"))
        outcome = next(answers)
        if outcome is None:
            raise OSError
        return outcome

    engine, _ = await opened(answer)
    sent = [await engine.send_test(user_id, "nudge") for _ in range(3)]
    assert before == [("unknown", "no_answer")] * 3
    told = [("refused", "unregistered"), ("unknown", "timeout"), ("unknown", "dispatcher_fault")]
    assert [(one.outcome, one.reason) for one in sent] == told
    assert team.rows("select outcome, reason from rekindle.test_send order by sent_at") == told
    assert sent[0].hint == "gone"
    # An outcome that cannot be written is told all the same, and stays unknown in the ledger.
    team.execute("revoke update (outcome, reason, provider_name) on rekindle.test_send from rekindle_worker")
    engine, _ = await opened()
    assert (await engine.send_test(user_id, "nudge")).outcome == "accepted"
    assert team.rows("select count(*) from rekindle.test_send where reason = 'no_answer'") == [(1,)]
    assert [one["event"] for one in logged if one["log_level"] == "warning"] == ["test.not_recorded"]
    # A test disables no token: the next push of a run proves it again.
    assert team.counts()["disabled_token"] == 0


async def test_an_hour_has_a_handful_for_a_person_and_a_few_for_everybody(opened: Open, team: Team) -> None:
    people = team.people(6)
    engine, dispatcher = await opened()

    async def at_once(user_id: UUID, count: int) -> Counter[str]:
        return Counter(await asyncio.gather(*(refused(engine.send_test(user_id, "nudge")) for _ in range(count))))

    assert await at_once(people[0], 12) == {"sent": 5, "RK736": 7}
    with pytest.raises(TooManyTests) as fault:
        await engine.send_test(people[0], "nudge")
    assert 3_000 < fault.value.retry_seconds <= 3_600
    for user_id in people[1:4]:
        assert await at_once(user_id, 5) == {"sent": 5}
    assert await at_once(people[4], 1) == {"RK736": 1}
    assert len(dispatcher.sent) == 20
    shift_clock(team.url, "61 minutes")
    assert await at_once(people[0], 1) == {"sent": 1}


async def test_a_key_is_one_test_push_and_a_copy_of_the_database_sends_none(opened: Open, team: Team) -> None:
    people = team.people(2)
    engine, dispatcher = await opened(lambda message: Accepted("name"))
    asked = Asked("once", "a" * 64)

    async def send(user_id: UUID = people[0]) -> SentAsTest:
        return await engine.send_test(user_id, "nudge", asked=asked)

    answers = await asyncio.gather(*(send() for _ in range(4)))
    assert len({one.test_id for one in answers}) == len(dispatcher.sent) == 1
    assert [one.replayed for one in answers].count(False) == 1
    with pytest.raises(KeyTaken):
        await engine.send_test(people[1], "nudge", asked=Asked("once", "b" * 64))
    await engine.run()
    team.execute("update rekindle.installation set timeline = timeline + 7, synchronous = false")
    with pytest.raises(InstallationNotAdopted):
        await engine.send_test(people[1], "nudge")
