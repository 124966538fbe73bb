"""Whole cycles as a user runs them: Postgres, `rekindle`, the function under real Deno, the FCM
sandbox."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from acceptance.audit import audit
from acceptance.command import Command, Done, ended
from acceptance.test_canary import CANARY, CONFIG, FAULTS, key_lines, plant
from conftest import shift_clock
from contract.fcm_server import CLOSE, CUT, HANG, Reply, Request
from edge.deno import Function
from edge.dispatcher import KEY, before_sandbox
from edge.gateway import Gateway, gateway
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, Team, write_config
from team.waiting import until

BATCH = 5
DISPATCHER = f"""
[dispatcher]
kind = "supabase-function"
batch = {BATCH}
concurrency = {BATCH}
timeout = "20s"
"""


@pytest.fixture
def function(fcm: Sandbox) -> Iterator[Function]:
    """The function in front of the empty sandbox."""
    with before_sandbox(fcm) as one:
        yield one


@pytest.fixture
def rekindle(team_worker_url: str, team: Team, function: Function, tmp_path: Path) -> Command:
    """The command line as rekindle_worker, sending through the function."""
    write_config(tmp_path, DISPATCHER + SCENARIO)
    variables = {"REKINDLE_DATABASE_URL": team_worker_url, "SUPABASE_URL": function.url, "SUPABASE_SECRET_KEY": KEY}
    return Command(tmp_path, variables)


@pytest.fixture
async def between(tmp_path: Path, function: Function) -> AsyncIterator[Gateway]:
    """A gateway that `rekindle` has in front of the function."""
    async with gateway(tmp_path, function) as one:
        yield one


def reached(fcm: Sandbox) -> Counter[str]:
    return Counter(sent["target"] for sent in fcm.messages())


async def run(rekindle: Command) -> Done:
    """`rekindle run --json`, while this process serves."""
    return await asyncio.to_thread(rekindle, "run", "--json", "--budget", "20s")


def unknown(team: Team) -> int:
    [(count,)] = team.rows("select count(*) from rekindle.outbox where state = 'unknown'")
    return int(str(count))


def test_a_cycle_through_the_function_reaches_every_device_once_and_records_each_person_once(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(12, devices=2)
    said = rekindle("check").out
    assert (
        "ok    dispatcher supabase-function is ready to send: push-notification-dispatcher answers, accepts our" in said
    )
    assert rekindle("apply").code == 0
    rehearsed = rekindle("run", "--dry-run")
    assert (rehearsed.code, rehearsed.err, reached(fcm)) == (0, "", Counter())
    first = rekindle("run", "--json")
    assert (first.code, first.err) == (0, "")
    [one] = first.json()["scenarios"]
    assert (one["claimed"], one["recorded"], one["pushes"]) == (12, 12, 24)
    assert reached(fcm) == Counter(f"t{person}-{device}" for person in range(1, 13) for device in (1, 2))
    audit(team, fcm)
    [again] = rekindle("run", "--json").json()["scenarios"]
    assert (again["claimed"], len(fcm.messages()), team.counts()["scenario_notification"]) == (0, 24, 12)


def test_invalid_device_tokens_do_not_affect_other_people(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(8)
    for number, token in enumerate(("two words", "line\nbreak", "t" * 5_000, "t" * 30_000), start=1):
        team.execute("update team.device set token = %s where token = %s", token, f"t{number}-1")
    done = rekindle("run", "--json")
    [one] = done.json()["scenarios"]
    assert (one["recorded"], one["reasons"]) == (7, {"dead:too_large": 1})
    assert {f"t{number}-1" for number in range(5, 9)} < set(reached(fcm))
    audit(team, fcm)


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({"SUPABASE_SECRET_KEY": "sb_secret_canary-wrong"}, 2, "RK402: the Edge Function refuses our key. Set"),
        ({"SUPABASE_SECRET_KEY": None}, 2, "RK401: SUPABASE_SECRET_KEY is not set. Set SUPABASE_URL and"),
        ({"SUPABASE_URL": None}, 2, "RK401: SUPABASE_URL is not set."),
        ({"SUPABASE_URL": "http://127.0.0.1:1"}, 1, "RK403: nothing answers at the address that SUPABASE_URL names."),
        ({"SUPABASE_URL": "http://example.org"}, 2, "RK106: SUPABASE_URL is neither an https:// address"),
    ],
)  # fmt: skip
def test_an_unusable_function_is_reported_in_one_line_and_nothing_is_claimed(
    rekindle: Command, team: Team, fcm: Sandbox, variables: dict[str, str | None], code: int, words: str
) -> None:
    team.people(3)
    done = rekindle.having(**variables)("run")
    assert done.code == code
    assert done.fault().startswith(f"error: {words}")
    assert "canary" not in done.err
    assert (reached(fcm), team.counts()["gate"], team.counts()["outbox"]) == (Counter(), 0, 0)


def passed(then: Callable[[Gateway, Request], Reply | str], *, at: int) -> Callable[[Gateway], None]:
    """Pass on the requests before batch `at`; answer each later one like this."""

    def arrange(between: Gateway) -> None:
        between.conduct = lambda number, request: between.passed_on(request) if number < at else then(between, request)

    return arrange


def rotated(between: Gateway, request: Request) -> Reply:
    """The function's own answer to a key that the project no longer has."""
    request.headers["apikey"] = "sb_secret_revoked"
    answer = between.passed_on(request)
    assert answer.status == 401
    return answer


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (401, "RK402 key_rejected", "Set SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_ROLE_KEY)"),
        (404, "RK407 function_missing", "Deploy it with `supabase functions deploy`"),
        (413, "RK408 request_rejected", "lower `batch`"),
    ],
)
async def test_a_key_or_a_function_that_is_gone_during_a_run_stops_the_run_and_loses_nobody(
    rekindle: Command, team: Team, fcm: Sandbox, between: Gateway, status: int, code: str, hint: str
) -> None:
    team.people(20)
    passed(rotated if status == 401 else lambda *_: Reply(status, b'{"error": "no"}'), at=2)(between)
    done = await run(rekindle.having(SUPABASE_URL=between.url))
    report = done.json()
    [one] = report["scenarios"]
    assert (done.code, report["status"]) == (2, "halted")
    assert report["halted_by"].startswith(f"{code}. ")
    assert hint in report["halted_by"]
    assert (one["recorded"], one["pending"], one["unknown"]) == (10, 10, 0)
    assert len(between.batches) == 3, "no request is repeated after such an answer"
    shift_clock(team.url, "2 hours")
    [two] = rekindle("run", "--json").json()["scenarios"]
    assert (two["carried"], two["recorded"]) == (10, 10)
    assert reached(fcm) == Counter(f"t{number}-1" for number in range(1, 21))
    audit(team, fcm)


def half(between: Gateway, request: Request) -> Reply:
    answer = json.loads(between.passed_on(request).body)
    return Reply(body=json.dumps({"results": answer["results"][:2]}).encode())


def instead_of_answer(reply: Reply | str) -> Callable[[Gateway, Request], Reply | str]:
    """The function does its work, and this reply replaces its answer."""

    def answer(between: Gateway, request: Request) -> Reply | str:
        between.passed_on(request)
        return reply

    return answer


@pytest.mark.parametrize(
    ("conduct", "lost", "reason"),
    [
        (half, 3, "missing_result"),
        (instead_of_answer(Reply(body=b"<html>canary")), 5, "garbled_answer"),
        (instead_of_answer(Reply(504)), 5, "function_timeout"),
        (instead_of_answer(Reply(546)), 5, "function_killed"),
        (instead_of_answer(CUT), 5, "garbled_answer"),
        (instead_of_answer(CLOSE), 5, "connection_lost"),
        (instead_of_answer(HANG), 5, "timeout"),
    ],
    ids=["half answered", "nonsense", "504", "546", "cut", "closed", "hangs"],
)
async def test_exactly_the_unanswered_messages_are_unknown_and_are_never_sent_again(
    rekindle: Command, team: Team, fcm: Sandbox, between: Gateway,
    conduct: Callable[[Gateway, Request], Reply | str], lost: int, reason: str,
) -> None:  # fmt: skip
    team.people(15)
    between.conduct = lambda number, request: conduct(between, request) if number == 1 else between.passed_on(request)
    done = await run(rekindle.having(SUPABASE_URL=between.url))
    [one] = done.json()["scenarios"]
    assert (done.code, one["recorded"], one["unknown"]) == (1, 15 - lost, lost)
    assert one["reasons"] == {f"unknown:{reason}": lost}
    assert "canary" not in done.out + done.err
    audit(team, fcm)
    shift_clock(team.url, "20 minutes")
    assert rekindle("run", "--json").json()["scenarios"][0]["pushes"] == 0
    assert reached(fcm) == Counter(f"t{number}-1" for number in range(1, 16))
    audit(team, fcm)


def test_messages_that_fcm_accepts_for_a_function_that_is_too_slow_are_unknown(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    write_config(rekindle.folder, DISPATCHER.replace('"20s"', '"4s"') + SCENARIO)
    fcm.faults([{"match": {"target": "t3-1"}, "respond": {"delay_ms": 8_000}}])
    done = rekindle("run", "--json")
    [one] = done.json()["scenarios"]
    assert (done.code, one["recorded"], one["reasons"]) == (1, 4, {"unknown:timeout": 1})
    # Wait until FCM has accepted the slow one, or it would be in the log of the next test.
    until(lambda: len(fcm.messages()) == 5)
    audit(team, fcm)


def test_a_function_that_is_killed_in_the_middle_of_a_batch_leaves_exactly_that_batch_unknown(
    rekindle: Command, team: Team, fcm: Sandbox, function: Function
) -> None:
    team.people(30)
    # Two batches fit at once: the first one hangs, and all the others pass it one at a time.
    dispatcher = DISPATCHER.replace(f"concurrency = {BATCH}", f"concurrency = {2 * BATCH}").replace('"20s"', '"90s"')
    write_config(rekindle.folder, dispatcher + SCENARIO)
    fcm.faults([{"match": {"target": "t3-1"}, "respond": "hang"}])
    running = rekindle.start("run", "--json", "--budget", "250s")
    until(lambda: team.counts()["delivery"] >= 30 - BATCH)
    assert reached(fcm) == Counter(f"t{number}-1" for number in range(1, 31) if number != 3)
    port = function.port
    function.kill()
    done = ended(running)
    [one] = done.json()["scenarios"]
    assert (one["reasons"], one["recorded"]) == ({"unknown:connection_lost": BATCH}, 30 - BATCH)
    audit(team, fcm)
    fcm.faults([])
    shift_clock(team.url, "2 hours")
    with before_sandbox(fcm, port=port):
        assert rekindle("run", "--json").json()["scenarios"][0]["unknown"] == 0
    assert reached(fcm) == Counter(f"t{number}-1" for number in range(1, 31) if number != 3)
    audit(team, fcm)


def test_neither_the_engine_nor_the_function_logs_a_token_a_text_a_name_or_a_key(
    rekindle: Command, team: Team, fcm: Sandbox, function: Function
) -> None:
    plant(team)
    write_config(rekindle.folder, CONFIG.replace('kind = "fcm"', 'kind = "supabase-function"'))
    loud = ("--debug", "--log-level", "debug")
    said = [rekindle(*loud, command) for command in ("apply", "check", "plan")]
    said.append(rekindle(*loud, "run", "--dry-run"))
    fcm.faults(
        [{"match": {"target": f"c4n4ry-token-{number}"}, "respond": respond} for number, respond in FAULTS.items()]
    )
    said.append(rekindle(*loud, "run", "--json", "--budget", "60s"))
    [one] = said[-1].json()["scenarios"]
    assert {reason.partition(":")[0] for reason in one["reasons"]} == {"skipped", "dead", "retry", "unknown"}, one
    fcm.faults([])
    said.append(rekindle.having(SUPABASE_SECRET_KEY=f"{KEY}-c4n4ry")(*loud, "run"))
    everything = function.said() + "".join(done.out + done.err for done in said)
    assert CANARY.findall(everything) == []
    assert not [secret for secret in (KEY, *key_lines(fcm)) if secret in everything]
