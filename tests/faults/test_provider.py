"""The effect of FCM's answers on a run, over the real protocol: which sends are repeated, and
which never are."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acceptance.audit import audit
from acceptance.command import engine_over
from conftest import shift_clock
from rekindle import Engine
from rekindle.dispatchers.fcm.google_auth import TOKEN_TIMEOUT_SECONDS
from rekindle.errors import ProviderUnreachable
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import Team

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@pytest.fixture
async def engine(team: Team, team_worker_url: str, team_config: Config, fcm: Sandbox) -> AsyncIterator[Engine]:
    """An engine as rekindle_worker over the team's database, sending to the sandbox."""
    async with engine_over(team_worker_url, fcm, team_config) as one:
        yield one


def answer(status: int, code: str, fcm_code: str, **headers: str) -> dict[str, Any]:
    """An error as FCM words it."""
    details = [{"@type": FCM_ERROR, "errorCode": fcm_code}]
    body = {"error": {"code": status, "message": "refused", "status": code, "details": details}}
    return {"status": status, "headers": {name.replace("_", "-"): text for name, text in headers.items()}, "body": body}


def fault(respond: Any, *, target: str = "*", times: int | None = None) -> dict[str, Any]:
    return {"match": {"target": target}, "times": times, "respond": respond}


async def run(engine: Engine) -> Any:
    report = await engine.run(budget_seconds=20)
    (numbers,) = report.scenarios
    return report, numbers


def targets(fcm: Sandbox) -> list[str]:
    return sorted(sent["target"] for sent in fcm.messages())


async def test_a_dead_token_is_disabled_and_the_persons_other_devices_are_reached(
    engine: Engine, team: Team, fcm: Sandbox
) -> None:
    team.people(2, devices=2)
    gone = answer(404, "NOT_FOUND", "UNREGISTERED")
    fcm.faults([fault(gone, target="t1-1"), fault(gone, target="t2-*")])
    report, one = await run(engine)
    assert (report.status, one.recorded, one.skipped, one.pushes) == ("done", 1, 1, 1)
    assert one.reasons == {"skipped:unregistered": 1}
    assert targets(fcm) == ["t1-2"]
    assert team.rows("select outcome, reason, count(*) from rekindle.outcome group by 1, 2") == [
        ("skipped", "unregistered", 3)
    ]
    assert team.counts()["disabled_token"] == 3
    audit(team, fcm)
    # A person who was not reached has not spent the cooldown; but without a live device there is no
    # claim.
    fcm.faults([])
    shift_clock(team.url, "2 hours")
    _, two = await run(engine)
    assert dict(two.refusals) == {"already_notified": 1, "no_token": 1}
    # A token that is registered again after the proof is live again.
    team.execute("update team.device set last_registered_at = rekindle.clock() where token = 't2-1'")
    _, three = await run(engine)
    assert (three.recorded, targets(fcm)) == (1, ["t1-2", "t2-1"])
    audit(team, fcm)


async def test_a_quota_refusal_waits_as_long_as_fcm_asks_and_is_then_sent(
    engine: Engine, team: Team, fcm: Sandbox
) -> None:
    team.people(3)
    fcm.faults([fault(answer(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", retry_after="600"), target="t2-1", times=1)])
    report, one = await run(engine)
    assert (report.status, report.exit_code, one.recorded, one.pending) == ("incomplete", 1, 2, 1)
    assert one.reasons == {"retry:quota_exceeded": 1}
    waits = team.rows("select state, next_try_at - armed_at > interval '599 s' from rekindle.outbox")
    assert waits == [("retry", True)]
    shift_clock(team.url, "9 minutes")
    early = await engine.run(budget_seconds=20)
    assert (early.status, targets(fcm)) == ("done", ["t1-1", "t3-1"])
    shift_clock(team.url, "14 minutes")
    report, late = await run(engine)
    assert (report.status, late.carried, late.recorded) == ("done", 1, 1)
    assert targets(fcm) == ["t1-1", "t2-1", "t3-1"]
    assert team.counts()["outbox"] == 0
    audit(team, fcm)


UNCLEAR = {
    "503": (answer(503, "UNAVAILABLE", "UNAVAILABLE"), "unavailable", 0),
    "500": (answer(500, "INTERNAL", "INTERNAL"), "internal", 0),
    "503 although accepted": ("accept_then_503", "unavailable", 1),
    "no answer": ("hang", "timeout", 0),
    "reset": ("reset", None, 0),
    "reset although accepted": ("reset_after_accept", None, 1),
    "answer cut off": ("cut_body", None, 1),
}


@pytest.mark.parametrize("name", UNCLEAR)
async def test_an_unclear_answer_is_unknown_is_listed_and_is_never_sent_again(
    engine: Engine, team: Team, fcm: Sandbox, name: str
) -> None:
    respond, reason, accepted = UNCLEAR[name]
    ids = team.people(3)
    fcm.faults([fault(respond, target="t2-1")])
    before = fcm.requests()["send"]
    report, one = await run(engine)
    assert (report.status, report.exit_code) == ("incomplete", 1)
    unknown = await engine.unknown()
    # A reset closes the connection, and every other send under way on it is lost too.
    assert ids[1] in {send.user_id for send in unknown}
    assert (one.recorded + one.unknown, one.unknown) == (3, len(unknown))
    if reason is not None:
        assert [(send.user_id, send.reason) for send in unknown] == [(ids[1], reason)]
    assert targets(fcm).count("t2-1") == accepted
    audit(team, fcm)
    fcm.faults([])
    sends = fcm.requests()["send"]
    assert sends == before + 3
    for later in ("1 minute", "30 minutes", "6 hours", "3 days"):
        shift_clock(team.url, later)
        await engine.run(budget_seconds=20)
    assert fcm.requests()["send"] == sends
    closed = await engine.unknown()
    assert [send.claim_id for send in closed] == [send.claim_id for send in unknown]
    assert all(send.closed_at is not None for send in closed)
    assert team.counts()["outbox"] == 0
    audit(team, fcm)


@pytest.mark.parametrize(
    ("status", "code", "rk"), [(401, "UNAUTHENTICATED", "RK402"), (403, "PERMISSION_DENIED", "RK404")]
)
async def test_credentials_refused_in_the_middle_halt_the_run_and_a_later_one_sends_to_everybody(
    engine: Engine, team: Team, fcm: Sandbox, status: int, code: str, rk: str
) -> None:
    team.people(30)
    body = {"error": {"code": status, "message": "no", "status": code}}
    fcm.faults([fault({"status": status, "body": body}, target="t2*")])
    report, one = await run(engine)
    assert (report.status, report.exit_code) == ("halted", 2)
    assert (report.halted_by or "").startswith(rk)
    assert one.recorded + one.pending == 30
    assert one.pending >= 1
    assert (one.skipped, one.dead, one.unknown, team.counts()["disabled_token"]) == (0, 0, 0, 0)
    fcm.faults([])
    shift_clock(team.url, "5 minutes")
    report, two = await run(engine)
    assert (report.status, two.carried, two.recorded) == ("done", one.pending, one.pending)
    assert len(targets(fcm)) == 30
    audit(team, fcm)


async def test_a_message_that_fcm_refuses_is_dead_and_its_token_stays(engine: Engine, team: Team, fcm: Sandbox) -> None:
    team.people(2)
    fcm.faults([fault(answer(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), target="t1-1")])
    report, one = await run(engine)
    assert (report.status, one.recorded, one.reasons) == ("incomplete", 1, {"dead:invalid_argument": 1})
    assert team.counts()["disabled_token"] == 0
    audit(team, fcm)


async def test_a_token_endpoint_that_never_answers_ends_the_run_within_its_budget_and_nothing_is_claimed(
    engine: Engine, team: Team, fcm: Sandbox
) -> None:
    team.people(3)
    fcm.faults([{"match": {"path": "token"}, "respond": "hang"}])
    begun = time.monotonic()
    with pytest.raises(ProviderUnreachable, match="RK403"):
        await engine.run(budget_seconds=1)
    assert time.monotonic() - begun < TOKEN_TIMEOUT_SECONDS - 0.5
    assert (team.counts()["outbox"], team.rows("select from rekindle.gate")) == (0, [])
    fcm.faults([])
