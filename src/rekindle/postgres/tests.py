"""Test pushes: find the person, write the row before a byte leaves, write the outcome, and list
them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any
from uuid import UUID

from rekindle.errors import KeyTaken, NoTestSend, NotFound, TooManyTests
from rekindle.model import REASONS, Asked, Candidate, Message, SentAsTest, TargetKind, TestOutcome
from rekindle.ports import Entry, Evaluation, Filter
from rekindle.postgres.audit import audit
from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import Moment, begin, staged_rows
from rekindle.postgres.lists import page_of
from rekindle.postgres.locks import share_with_claims, take
from rekindle.postgres.pool import Database
from rekindle.postgres.scenario_faults import evaluating
from rekindle.postgres.sql import statement
from rekindle.render import read_variables

PERSON_AN_HOUR = 5
EVERYBODY_AN_HOUR = 20
"""Test pushes per hour with the data of one person, and of all."""

_HINTS = {"switched_off": "See `rekindle switch list`.", "opted_out": ""}
"""Of the reasons that refuse a test push too."""

Compose = Callable[[Candidate, tuple[TargetKind, str], bool], tuple[Message, tuple[str, ...]]]
"""Makes the message for a person, given the device and whether they are due; with the names of the
variables that had sample values."""


@dataclass(frozen=True, slots=True)
class ArmedTest:
    """A test push whose row is committed, and its message, which may be sent once."""

    sent: SentAsTest
    message: Message


@dataclass(frozen=True, slots=True)
class Wanted:
    """A test push that is asked for. `to_token`: it goes to this token and not to a device of the
    person."""

    test_id: UUID
    asked: Asked | None
    to_token: str | None


async def arm_test(
    database: Database, evaluation: Evaluation, wanted: Wanted, compose: Compose, entry: Entry
) -> ArmedTest | None:
    """Find the person, make the message, and commit the row of the test push as unknown, all in one
    transaction. None: another request with the same key came first.

    Raises:
        NotFound: there is no such active recipient.
        NoTestSend: the person gets none, or the message cannot be made. Nothing was written.
        TooManyTests: there were enough in the last hour. Nothing was written.
    """
    applied, terms = evaluation.applied, evaluation.terms
    user_id = evaluation.selection.user_id
    async with (
        staged_rows(database, [applied], terms) as rows,
        database.transaction(timeout_seconds=terms.timeout_seconds) as connection,
        evaluating(f"scenario {applied.scenario_type}"),
    ):
        await share_with_claims(connection)
        moment = await begin(connection, replace(evaluation, outranking=()), rows)
        parameters = await moment.of(applied) | {"to_token": wanted.to_token is not None}
        person = await _found(connection, moment, evaluation, parameters)
        due = person is not None
        person = person or await _found(connection, moment, evaluation, parameters, **_ANYBODY)
        if person is None:
            raise NotFound("no active recipient has this id", hint="`rekindle explain` says why.")
        target = _target(person, wanted.to_token)
        candidate = Candidate(
            user_id=evaluation.selection.user_id or UUID(int=0),
            organisation_id=person["organisation_id"],
            scenario_type=applied.scenario_type,
            occurrence=person["occurrence"],
            refusal=None,
            locale=person["locale"],
            timezone=person["zone"],
            variables=read_variables(person["variables"]),
            devices=(),
            variant=person["variant"],
        )
        message, samples = compose(candidate, target, due)
        key = wanted.asked and wanted.asked.key
        await take(database, connection, "test")  # mutant: one-test-at-a-time
        if await _asked_before(connection, user_id, key):
            return None
        row = {
            "test_id": wanted.test_id,
            "user_id": user_id,
            "scenario_type": applied.scenario_type,
            "scenario_version": applied.version,
            "organisation_id": candidate.organisation_id,
            "device_id": person["device_id"] if wanted.to_token is None else None,
            "due": due,
            "samples": list(samples),
            "actor": entry.signature,
            "request_key": key,
            "request_sha256": wanted.asked and wanted.asked.digest,
        }
        cursor = await connection.execute(statement("test_send_arm"), row)
        sent = _sent(await cursor.fetchone() or {})
        to = "device" if wanted.to_token is None else "token"
        await audit(
            connection,
            replace(
                entry,
                scenario_type=applied.scenario_type,
                organisation_id=candidate.organisation_id,
                subject=str(wanted.test_id),
                details={"to": to},
            ),
        )
    return ArmedTest(sent, message)


async def end_test(
    database: Database, test_id: UUID, outcome: TestOutcome, reason: str | None, provider_name: str | None
) -> None:
    """Write the outcome of a test push, once."""
    parameters = {"test_id": test_id, "outcome": outcome, "reason": reason, "provider_name": provider_name}
    await database.rows(statement("test_send_end"), parameters)


async def asked_before(database: Database, asked: Asked) -> SentAsTest | None:
    """Return the test push under a key; None if there is none.

    Raises:
        KeyTaken: another one was asked for under it.
    """
    rows = await database.rows(statement("test_send_page"), _page(Filter(limit=1), request_key=asked.key))
    if rows and rows[0]["request_sha256"] != asked.digest:
        raise KeyTaken(
            "another test push was asked for under this idempotency key", hint="Use another Idempotency-Key."
        )
    return replace(_sent(rows[0]), replayed=True) if rows else None


async def tests_sent(database: Database, asked: Filter) -> Sequence[SentAsTest]:
    """Return test pushes, newest first. The key of a row is (sent_at, test_id)."""
    return [_sent(row) for row in await database.rows(statement("test_send_page"), _page(asked))]


def _page(asked: Filter, *, request_key: str | None = None) -> dict[str, Any]:
    return page_of(asked) | {"request_key": request_key}


def _sent(row: dict[str, Any]) -> SentAsTest:
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "request_sha256"}
    values |= {"samples": tuple(row["samples"]), "sent_at": row["sent_at"].astimezone(UTC)}
    return SentAsTest(**values)


_ANYBODY = {"candidates": "anybody", "not_over": "every_candidate", "not_too_old": "every_candidate"}


async def _found(
    connection: Connection, moment: Moment, evaluation: Evaluation, parameters: dict[str, Any], **bound: str
) -> dict[str, Any] | None:
    text = moment.statement("test_person", evaluation.applied.scenario, refusal="refusal_of_a_test", **bound)
    return await (await connection.execute(text, parameters)).fetchone()


def _target(person: dict[str, Any], to_token: str | None) -> tuple[TargetKind, str]:
    """The device that gets the push.

    Raises:
        NoTestSend: there is none, or something prevents it.
    """
    if to_token is not None and person["refusal"] in (None, "no_token"):
        return "token", to_token
    if (reason := person["refusal"]) in _HINTS:
        raise NoTestSend(f"the person is refused: {REASONS[reason]}", hint=_HINTS[reason])
    if person["device_id"] is None:
        raise NoTestSend(f"the person is refused: {REASONS['no_token']}")
    return person["target_kind"], person["target"]


async def _asked_before(connection: Connection, user_id: UUID | None, key: str | None) -> bool:
    """Whether there is a test push under the key.

    Raises:
        TooManyTests: there were enough in the last hour.
    """
    parameters = {"user_id": user_id, "request_key": key}
    recent = await (await connection.execute(statement("test_send_room"), parameters)).fetchone() or {}
    if recent["asked"]:
        return True
    for count, most, seconds, whose in (
        (recent["person"], PERSON_AN_HOUR, recent["person_seconds"], " with the data of one person"),
        (recent["everybody"], EVERYBODY_AN_HOUR, recent["everybody_seconds"], ""),
    ):
        if count >= most:  # mutant: tests-an-hour
            raise TooManyTests(
                f"there were {count} test pushes{whose} in the last hour, which is the limit",
                hint=f"The next one is possible in {-(-seconds // 60)} min. `rekindle plan --show` shows a text.",
                retry_seconds=max(1, seconds),
            )
    return False
