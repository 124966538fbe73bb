"""The breaker: answers that look like our own mistake stop the run or the scenario; the answer
for one device does not."""

from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from rekindle.engine.breaker import FEW, LEAST, WINDOW, Breaker
from rekindle.errors import Disposition
from rekindle.model import Accepted, Outcome, Refused, Uncertain, Unit

OK = Accepted("projects/p/messages/1")
NOT_FOUND = Refused(Disposition.DROP, "not_found")
MISMATCH = Refused(Disposition.PRUNE, "sender_id_mismatch")
UNREGISTERED = Refused(Disposition.PRUNE, "unregistered")
INVALID_TOKEN = Refused(Disposition.PRUNE, "invalid_token")
INVALID = Refused(Disposition.DROP, "invalid_argument")
QUOTA = Refused(Disposition.RETRY, "quota_exceeded")
THIRD_PARTY = Refused(Disposition.RETRY, "third_party_auth")
TIMEOUT = Uncertain("timeout")


def unit(scenario_type: str = "nudge") -> Unit:
    return Unit(
        claim_id=uuid4(), device_id=uuid4(), epoch=1, user_id=uuid4(), scenario_type=scenario_type,
        scenario_version=1, idempotency_key="0" * 64, target_kind="token", target="t",
    )  # fmt: skip


def after_answers(breaker: Breaker, outcome: Outcome, times: int, scenario_type: str = "nudge") -> Breaker:
    one = unit(scenario_type)
    for _ in range(times):
        breaker.learn(one, outcome)
    return breaker


@pytest.mark.parametrize(
    ("outcome", "share"), [(NOT_FOUND, 0.5), (MISMATCH, 0.5), (UNREGISTERED, 0.8), (INVALID_TOKEN, 0.8)]
)
def test_rejections_of_targets_halt_the_run_at_their_share_of_the_window_and_not_below(
    outcome: Refused, share: float
) -> None:
    refused = round(share * WINDOW)
    below = after_answers(after_answers(Breaker(), OK, WINDOW - refused + 1), outcome, refused - 1)
    assert below.halted is None
    at = after_answers(after_answers(Breaker(), OK, WINDOW - refused), outcome, refused)
    assert at.halted is not None
    assert (at.halted.disposition, at.halted.reason, at.halted.error_code) == (
        Disposition.HALT, f"mostly_{outcome.reason}", "RK405",
    )  # fmt: skip


@pytest.mark.parametrize("outcome", [NOT_FOUND, MISMATCH, UNREGISTERED, INVALID_TOKEN, INVALID])
def test_a_small_run_in_which_everything_is_rejected_does_not_trip_it(outcome: Refused) -> None:
    breaker = after_answers(Breaker(), outcome, LEAST - 1)
    assert (breaker.halted, breaker.broken) == (None, {})


def test_at_the_end_of_a_small_run_a_project_that_is_gone_halts_it_unless_an_answer_proves_it() -> None:
    for proof in (None, TIMEOUT, INVALID, OK, UNREGISTERED, THIRD_PARTY):
        breaker = after_answers(Breaker(), NOT_FOUND, 2)
        assert not breaker.drops(NOT_FOUND)
        if proof is not None:
            after_answers(breaker, proof, 1)
        breaker.conclude()
        proven = proof in (OK, UNREGISTERED, THIRD_PARTY)
        assert (breaker.halted is None) == proven
        assert breaker.drops(NOT_FOUND) == proven
        assert breaker.drops(INVALID)


def test_at_the_end_of_a_small_run_tokens_of_another_project_halt_it_if_there_is_no_other_answer() -> None:
    for number, others, halted in ((FEW, 0, True), (FEW - 1, 0, False), (FEW, 1, False)):
        breaker = after_answers(after_answers(Breaker(), MISMATCH, number), OK, others)
        breaker.conclude()
        assert (breaker.halted is not None) == halted


def test_a_rejection_that_an_operator_must_act_on_is_named_once(logged: list[dict[str, Any]]) -> None:
    breaker = Breaker()
    for reason in ("third_party_auth", "quota_exceeded", "third_party_auth"):
        after_answers(breaker, Refused(Disposition.RETRY, reason, hint="Do this."), 3)
    assert [(one["event"], one["reason"], one["hint"]) for one in logged] == [
        ("provider.rejects", "third_party_auth", "Do this."),
        ("provider.rejects", "quota_exceeded", "Do this."),
    ]


@pytest.mark.parametrize("outcome", [NOT_FOUND, MISMATCH, UNREGISTERED, INVALID_TOKEN])
def test_twenty_answers_are_enough_if_all_are_rejections(outcome: Refused) -> None:
    assert after_answers(Breaker(), outcome, LEAST).halted is not None


@pytest.mark.parametrize("outcome", [QUOTA, THIRD_PARTY, OK])
def test_temporary_errors_never_trip_it(outcome: Outcome) -> None:
    breaker = after_answers(Breaker(), outcome, 3 * WINDOW)
    assert (breaker.halted, breaker.broken) == (None, {})


def test_a_whole_window_in_which_nine_in_ten_may_have_been_sent_halts_the_run_and_less_does_not() -> None:
    below = after_answers(after_answers(Breaker(), OK, 11), TIMEOUT, 89)
    assert below.halted is None
    for reasons in ([TIMEOUT] * 90, [TIMEOUT] * 40 + [Uncertain("unavailable")] * 50):
        at = after_answers(Breaker(), OK, 10)
        for outcome in reasons:
            after_answers(at, outcome, 1)
        assert at.halted is not None
        assert (at.halted.reason, at.halted.error_code) == ("mostly_uncertain", "RK409")
    assert after_answers(Breaker(), TIMEOUT, WINDOW - 1).halted is None


@pytest.mark.parametrize(("reason", "code"), [("unauthenticated", "RK402"), ("permission_denied", "RK404")])
def test_one_refusal_of_our_credentials_halts_at_once_under_its_own_code(reason: str, code: str) -> None:
    breaker = after_answers(Breaker(), Refused(Disposition.HALT, reason, error_code=code), 1)
    assert breaker.halted is not None
    assert (breaker.halted.error_code, breaker.halted.reason) == (code, reason)


def test_the_first_reason_to_halt_is_kept() -> None:
    breaker = after_answers(Breaker(), Refused(Disposition.HALT, "unauthenticated", error_code="RK402"), 1)
    after_answers(breaker, NOT_FOUND, WINDOW)
    assert breaker.halted is not None
    assert breaker.halted.error_code == "RK402"


def test_only_the_last_hundred_answers_count() -> None:
    breaker = after_answers(after_answers(Breaker(), NOT_FOUND, LEAST - 1), OK, 10 * WINDOW)
    after_answers(breaker, NOT_FOUND, WINDOW // 2 - 1)
    assert breaker.halted is None
    assert after_answers(breaker, NOT_FOUND, 1).halted is not None


def test_messages_that_are_refused_break_their_scenario_and_leave_the_others_alone() -> None:
    breaker = after_answers(Breaker(), OK, 200, "fine")
    after_answers(breaker, INVALID, LEAST - 1, "bad")
    assert breaker.broken == {}
    after_answers(breaker, INVALID, 1, "bad")
    assert list(breaker.broken) == ["bad"]
    assert breaker.broken["bad"].code == "RK406"
    assert "bad" in breaker.broken["bad"].message
    assert breaker.halted is None


def test_a_scenario_of_which_one_message_in_five_is_refused_is_not_broken() -> None:
    breaker = Breaker()
    for _ in range(60):
        after_answers(breaker, INVALID, 1)
        after_answers(breaker, OK, 4)
    assert breaker.broken == {}


def test_the_three_refusals_of_a_message_count_together() -> None:
    breaker = Breaker()
    for number in range(LEAST):
        reason = ("invalid_argument", "too_large", "not_encodable")[number % 3]
        after_answers(breaker, Refused(Disposition.DROP, reason), 1)
    assert list(breaker.broken) == ["nudge"]


def test_a_proof_against_a_token_disables_it_and_no_other_refusal_does() -> None:
    breaker = after_answers(Breaker(), OK, 50)
    assert breaker.prunes(UNREGISTERED)
    assert breaker.prunes(INVALID_TOKEN)
    for other in (NOT_FOUND, INVALID, QUOTA, THIRD_PARTY):
        assert not breaker.prunes(other)


def test_a_sender_mismatch_disables_a_token_only_while_others_succeed() -> None:
    assert not after_answers(Breaker(), MISMATCH, 1).prunes(MISMATCH)
    assert not after_answers(after_answers(Breaker(), OK, LEAST - 1), MISMATCH, 1).prunes(MISMATCH)
    assert after_answers(after_answers(Breaker(), OK, LEAST), MISMATCH, 1).prunes(MISMATCH)
    assert not after_answers(after_answers(Breaker(), OK, 40), MISMATCH, 10).prunes(MISMATCH)
    assert after_answers(after_answers(Breaker(), OK, 41), MISMATCH, 10).prunes(MISMATCH)


def test_once_halted_no_token_is_disabled_any_more() -> None:
    breaker = after_answers(
        after_answers(Breaker(), OK, 50), Refused(Disposition.HALT, "permission_denied", error_code="RK404"), 1
    )
    assert not breaker.prunes(UNREGISTERED)
    assert not breaker.prunes(MISMATCH)


def test_a_halt_and_a_broken_scenario_are_logged_once_and_the_halt_is_counted(
    logged: list[dict[str, Any]], registry: CollectorRegistry
) -> None:
    breaker = after_answers(Breaker(), INVALID, LEAST, "letters")
    after_answers(breaker, NOT_FOUND, WINDOW)
    said = [(one["event"], one.get("scenario"), one.get("reason")) for one in logged]
    assert said == [("scenario.broken", "letters", None), ("dispatch.halted", None, "mostly_not_found")]
    assert registry.get_sample_value("rekindle_breaker_trips_total", {"reason": "mostly_not_found"}) == 1
    assert registry.get_sample_value("rekindle_breaker_open") == 1
