"""Answers that look like our own mistake: the run, or the scenario, stops after a few sends, and
nobody loses a push."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acceptance.audit import audit
from acceptance.command import engine_over
from acceptance.fixtures import apply
from conftest import shift_clock
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.errors import ProviderError
from rekindle.model import Numbers, Report
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
FEW_AT_ONCE = TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 20")
OTHER = """
[scenario.other]
kind = "sql"
query = "select user_id, occurrence, variables from rekindle_source.nudge"
cooldown = "7d"
data = { kind = "other" }
message.en = { title = "Another", body = "{points} again" }
"""

Open = Callable[[str], Any]


@pytest.fixture
async def engine_with(team: Team, team_worker_url: str, fcm: Sandbox, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens engines as rekindle_worker with a configuration that is applied first."""
    async with AsyncExitStack() as stack:

        async def open_engine(text: str) -> Engine:
            config = load_config(write_config(tmp_path, text))
            await apply(team.url, config)
            return await stack.enter_async_context(engine_over(team_worker_url, fcm, config))

        yield open_engine


def error(status: int, code: str, fcm_code: str | None = None, **headers: str) -> dict[str, Any]:
    """An error as FCM words it; without `fcm_code` it lacks FCM's own detail."""
    details = [] if fcm_code is None else [{"@type": FCM_ERROR, "errorCode": fcm_code}]
    body = {"error": {"code": status, "message": "refused", "status": code, "details": details}}
    return {"status": status, "headers": headers, "body": body}


def fault(respond: Any, *, target: str = "*", times: int | None = None) -> dict[str, Any]:
    return {"match": {"target": target}, "times": times, "respond": respond}


def of(report: Report, scenario_type: str = "nudge") -> Numbers:
    (numbers,) = [one for one in report.scenarios if one.scenario_type == scenario_type]
    return numbers


@asynccontextmanager
async def counting(fcm: Sandbox) -> AsyncIterator[Callable[[], int]]:
    """How many sends the block has made."""
    before = fcm.requests()["send"]
    yield lambda: fcm.requests()["send"] - before


@pytest.mark.parametrize(
    ("respond", "reason", "ending"),
    [
        (error(404, "NOT_FOUND"), "not_found", "retry"),
        (error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "sender_id_mismatch", "skipped"),
    ],
    ids=["wrong project", "wrong sender"],
)
async def test_credentials_of_another_project_halt_the_run_after_a_few_sends_and_disable_no_token(
    engine_with: Open, team: Team, fcm: Sandbox, respond: Any, reason: str, ending: str
) -> None:
    team.people(200)
    engine = await engine_with(FEW_AT_ONCE)
    fcm.faults([fault(respond)])
    async with counting(fcm) as sends:
        report = await engine.run(budget_seconds=60)
        # The twenty answers that decide, and the sends under way by then.
        assert 20 <= sends() <= 40
        refused = sends()
    one = of(report)
    assert (report.status, report.exit_code) == ("halted", 2)
    assert str(report.halted_by).startswith(f"RK405 mostly_{reason}. ")
    assert dict(one.reasons) == {f"{ending}:{reason}": refused}
    skipped = refused if ending == "skipped" else 0
    assert (one.pending, one.skipped, one.claimed) == (200 - skipped, skipped, 200)
    assert team.counts()["disabled_token"] == 0
    # Once it is repaired, the people who were held back are claimed at once, and the rejected ones
    # after an hour.
    fcm.faults([])
    next_one = await engine.run(budget_seconds=60)
    assert (next_one.status, of(next_one).recorded) == ("done", 200 - refused)
    shift_clock(team.url, "61 minutes")
    last = await engine.run(budget_seconds=60)
    assert (last.status, of(last).recorded) == ("done", refused)
    assert len(fcm.messages()) == 200
    audit(team, fcm)


async def test_a_provider_that_is_down_leaves_a_window_unknown_and_not_everybody(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(300)
    engine = await engine_with(FEW_AT_ONCE)
    fcm.faults([fault(error(503, "UNAVAILABLE"))])
    async with counting(fcm) as sends:
        report = await engine.run(budget_seconds=60)
        assert 100 <= sends() <= 120
        unclear = sends()
    one = of(report)
    assert (report.status, report.exit_code) == ("halted", 2)
    assert report.halted_by is not None
    assert report.halted_by.startswith("RK409 mostly_uncertain. Nothing more was sent")
    assert (one.unknown, one.pending, one.claimed) == (unclear, 300 - unclear, 300)
    fcm.faults([])
    next_one = await engine.run(budget_seconds=60)
    assert (next_one.status, of(next_one).recorded) == ("done", 300 - unclear)
    audit(team, fcm)


async def test_with_the_usual_concurrency_a_wrong_project_costs_no_more_than_one_batch(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(1_200)
    engine = await engine_with(TEAM_CONFIG)
    fcm.faults([fault(error(404, "NOT_FOUND"))])
    async with counting(fcm) as sends:
        report = await engine.run(budget_seconds=60)
        assert report.status == "halted"
        assert sends() <= 1_000
    assert team.counts()["disabled_token"] == 0


@pytest.mark.parametrize("people", [1, 3])
async def test_a_project_that_is_gone_halts_the_run_however_few_people_are_due_and_loses_nobody(
    engine_with: Open, team: Team, fcm: Sandbox, people: int
) -> None:
    team.people(people)
    engine = await engine_with(TEAM_CONFIG)
    fcm.faults([fault(error(404, "NOT_FOUND"))])
    report = await engine.run(budget_seconds=60)
    assert (report.status, report.exit_code) == ("halted", 2)
    assert str(report.halted_by).startswith("RK405 mostly_not_found. FCM does not know the project")
    assert of(report).pending == people
    fcm.faults([])
    shift_clock(team.url, "61 minutes")
    assert of(await engine.run(budget_seconds=60)).recorded == people
    audit(team, fcm)


async def test_a_provider_that_takes_no_message_is_found_by_a_check_and_a_dry_run(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(3)
    engine = await engine_with(TEAM_CONFIG)
    for respond, code, says in (
        (error(403, "PERMISSION_DENIED"), "RK404", "cloudmessaging.messages.create"),
        (error(404, "NOT_FOUND"), "RK405", "FCM does not know the project"),
    ):
        fcm.faults([fault(respond)])
        [found] = [one.fault for one in await engine.check() if one.subject == "dispatcher"]
        with pytest.raises(ProviderError) as caught:
            await engine.dry_run()
        for raised in (found, caught.value):
            assert raised is not None
            assert raised.code == code
            assert says in raised.hint
    fcm.faults([])
    assert [one.fault for one in await engine.check() if one.subject == "dispatcher"] == [None]
    assert fcm.messages() == []


async def test_a_handful_of_refused_targets_is_no_reason_to_halt(engine_with: Open, team: Team, fcm: Sandbox) -> None:
    team.people(60)
    engine = await engine_with(FEW_AT_ONCE)
    fcm.faults([fault(error(404, "NOT_FOUND"), target="t5*")])  # 5 and 50 to 59: eleven, most of them late
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report).recorded, of(report).dead) == ("incomplete", 49, 11)
    assert team.counts()["disabled_token"] == 0
    audit(team, fcm)


async def test_a_sender_mismatch_disables_the_token_only_among_successes(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(40)
    one_at_a_time = TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 1")
    engine = await engine_with(one_at_a_time)
    mismatch = fault(error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), times=1)
    team.execute("update team.person set active = user_id = (select min(user_id::text)::uuid from team.person)")
    fcm.faults([mismatch])
    assert (await engine.run(budget_seconds=60)).scenarios[0].skipped == 1
    assert team.counts()["disabled_token"] == 0
    # The person claimed last gets the last send, when most of the others were accepted.
    team.execute("update team.person set active = true")
    fcm.faults([{"match": {"target": "t40-1"}, "respond": mismatch["respond"]}])
    assert of(await engine.run(budget_seconds=60)).recorded == 38
    assert team.rows("select reason from rekindle.disabled_token") == [("sender_id_mismatch",)]
    audit(team, fcm)


async def test_a_scenario_whose_messages_fcm_refuses_is_stopped_and_the_others_go_on(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    """The bad scenario's text is over 4 kB once it is rendered: more than the sandbox, like FCM,
    accepts."""
    team.people(60)
    team.execute("update team.wanted set variables = jsonb_build_object('points', 7, 'long', repeat('é', 900))")
    bad = OTHER.replace("scenario.other", "scenario.bad").replace("{points} again", "{long}{long}{long}{long}{long}")
    engine = await engine_with(FEW_AT_ONCE + OTHER + bad.replace('"7d"', '"7d"\npriority = 90'))
    report = await engine.run(budget_seconds=60)
    assert (report.status, report.exit_code) == ("halted", 2)
    assert (report.halted_by or "").startswith("RK406: the provider rejects nearly every message of scenario bad")
    assert [of(report, name).recorded for name in ("nudge", "other", "bad")] == [60, 60, 0]
    assert 20 <= of(report, "bad").dead <= 40
    assert of(report, "bad").dead + of(report, "bad").pending == 60
    assert of(report, "bad").reasons["dead:too_large"] == of(report, "bad").dead
    assert Counter(sent["message"]["data"]["scenario_type"] for sent in fcm.messages()) == {"nudge": 60, "other": 60}
    audit(team, fcm)


async def test_a_scenario_whose_messages_the_provider_itself_refuses_is_stopped_alike(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(50)
    engine = await engine_with(FEW_AT_ONCE)
    fcm.faults([fault(error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"))])
    async with counting(fcm) as sends:
        report = await engine.run(budget_seconds=60)
        assert 20 <= sends() <= 40
    assert (report.status, (report.halted_by or "")[:5]) == ("halted", "RK406")
    assert team.counts()["disabled_token"] == 0
    audit(team, fcm)


async def test_a_refused_apns_key_makes_those_devices_wait_and_the_others_are_reached(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(40)
    engine = await engine_with(FEW_AT_ONCE)
    fcm.faults([fault(error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), target="t2*")])
    tokens = fcm.requests()["token"]
    report = await engine.run(budget_seconds=60)
    one = of(report)
    assert (report.status, one.recorded, one.pending) == ("incomplete", 29, 11)
    assert dict(one.reasons) == {"retry:third_party_auth": 11}
    # Apple's rejection says nothing about our access token, so the token is not fetched again.
    assert fcm.requests()["token"] - tokens <= 1
    assert team.counts()["disabled_token"] == 0
    fcm.faults([])
    shift_clock(team.url, "5 minutes")
    assert of(await engine.run(budget_seconds=60)).recorded == 11
    audit(team, fcm)


async def test_an_access_token_that_is_refused_is_fetched_anew_once_and_the_run_goes_on(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    engine = await engine_with(FEW_AT_ONCE.replace("concurrency = 20", "concurrency = 1"))
    fcm.faults([fault(error(401, "UNAUTHENTICATED"), times=1)])
    tokens = fcm.requests()["token"]
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report).recorded) == ("done", 5)
    assert fcm.requests()["token"] - tokens == 2
    audit(team, fcm)


async def test_an_access_token_that_is_refused_twice_halts_the_run_and_nobody_is_lost(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(100)
    engine = await engine_with(FEW_AT_ONCE)
    fcm.faults([fault(error(401, "UNAUTHENTICATED"))])
    async with counting(fcm) as sends:
        report = await engine.run(budget_seconds=60)
        assert sends() <= 2 * 20
    one = of(report)
    assert report.status == "halted"
    assert str(report.halted_by).startswith("RK402 unauthenticated. The key may be deleted")
    assert (one.pending, one.dead, one.unknown, one.skipped) == (100, 0, 0, 0)
    assert team.counts()["disabled_token"] == 0
    fcm.faults([])
    shift_clock(team.url, "5 minutes")
    assert of(await engine.run(budget_seconds=60)).recorded == 100
    audit(team, fcm)
