"""The values of a run: their sums, their exit codes, and what their repr leaves out."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest

from rekindle.errors import UnknownScenario
from rekindle.model import Acceptance, Candidate, Ending, Message, Numbers, Report, RunStatus, Unit

USER = UUID(int=1)


def unit() -> Unit:
    return Unit(
        claim_id=UUID(int=2), device_id=UUID(int=3), epoch=1, user_id=USER, scenario_type="s", scenario_version=1,
        idempotency_key="k", target_kind="token", target="SECRET-token", variables={"name": "SECRET-name"},
    )  # fmt: skip


def test_due_are_those_refused_for_any_reason_and_those_claimed() -> None:
    numbers = Numbers("s", evaluated=100, not_due=60, refusals={"cooldown": 25, "no_token": 5}, claimed=10)
    assert (numbers.refused, numbers.due) == (30, 40)
    assert numbers.evaluated == numbers.not_due + numbers.due
    assert (Numbers("s").refused, Numbers("s").due) == (0, 0)


@pytest.mark.parametrize(
    ("status", "code"),
    [("done", 0), ("incomplete", 1), ("abandoned", 1), ("halted", 2), ("budget", 3), ("running", 3)],
)
def test_the_exit_code_of_a_run_follows_from_its_status(status: RunStatus, code: int) -> None:
    report = Report(USER, status, datetime(2026, 1, 1, tzinfo=UTC), None, 30.0, "log", ())
    assert report.exit_code == code


def test_every_status_of_a_run_has_an_exit_code() -> None:
    for status in get_args(RunStatus):
        report = Report(USER, status, datetime(2026, 1, 1, tzinfo=UTC), None, 30.0, "log", ())
        assert report.exit_code in {0, 1, 2, 3}


def test_the_numbers_of_one_scenario_are_found_by_its_name() -> None:
    one, another = Numbers("one", refusals={"cooldown": 1}), Numbers("another", claimed=1)
    report = Report(USER, "done", datetime(2026, 1, 1, tzinfo=UTC), None, 30.0, "log", (one, another))
    assert report.numbers("another") is another
    assert (report.numbers("one").refusal, report.numbers("another").refusal) == ("cooldown", None)
    with pytest.raises(UnknownScenario, match="'third'"):
        report.numbers("third")


def test_no_repr_shows_a_token_a_text_or_a_variable() -> None:
    message = Message(
        claim_id=UUID(int=2), idempotency_key="k", user_id=USER, scenario_type="s", target_kind="token",
        target="SECRET", title="SECRET", body="SECRET", data={"a": "SECRET"}, link="https://SECRET",
    )  # fmt: skip
    candidate = Candidate(USER, None, "s", "o", None, None, None, {"a": "SECRET"}, (("token", "SECRET"),))
    holders = [unit(), message, candidate, Acceptance(unit(), "name"), Ending(unit(), "dead", "reason")]
    for one in holders:
        assert "SECRET" not in repr(one)
        assert type(one).__name__ in repr(one)
