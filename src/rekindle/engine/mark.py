"""Makes a test push: the message that a person would read, marked as a test."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from rekindle.engine.compose import Composer
from rekindle.engine.preview import unit_of
from rekindle.errors import NoTestSend, TemplateInvalid
from rekindle.model import Candidate, Message, TargetKind
from rekindle.payload import MAX_PAYLOAD_BYTES, payload_bytes
from rekindle.ports import Applied
from rekindle.render import NotRendered, needs
from rekindle.scenario import AnyScenario
from rekindle.scenario.texts import DATE, NUMBER, Variable

MARK = "[Test] "
"""What the title of a test push begins with."""
MARK_KEY = "rekindle_test"
"""The key by which an app recognises it."""

_NUMBER = 3
_DAY = "2026-01-15"
_INSTANT = "2026-01-15T09:30:00+00:00"


@dataclass(frozen=True, slots=True)
class Marked:
    """A test push that is ready, and the variables that have sample values in it."""

    message: Message
    samples: Mapping[str, Any]


def mark(one: Applied, person: Candidate, target: tuple[TargetKind, str], *, due: bool, test_id: UUID) -> Marked:
    """The message for a person, as a run would make it, with the mark of a test in its title and in
    its data.

    A person who is not due lacks the variables of being due. They get sample values: the first
    threshold of the scenario or 3 for a number, 15 January 2026 at 09:30 UTC for a day or a time,
    and the name in brackets for a text or a list.

    Raises:
        NoTestSend: the message cannot be made or is too large; a run could not send it either.
    """
    samples = {} if due else _samples(one.scenario.variants()[person.variant], person)
    person = replace(person, variables={**samples, **_given(person)})
    try:
        message = Composer(one.scenario).message(unit_of(person, one, *target, claim_id=test_id))
    except NotRendered as fault:
        raise NoTestSend(f"the push cannot be made: {fault.reason}, {fault}", hint=_TEXTS) from None
    except TemplateInvalid:
        raise NoTestSend("the push cannot be made: invalid_template", hint=_TEXTS) from None
    message = replace(
        message,
        title=MARK + message.title,  # mutant: test-mark
        data={**message.data, MARK_KEY: "true"},
        # Of no real claim, and different for each test: whatever receives it may drop a repetition.
        idempotency_key=hashlib.sha256(f"test {test_id}".encode()).hexdigest(),
    )
    if payload_bytes(message) > MAX_PAYLOAD_BYTES:
        raise NoTestSend(
            f"the push is larger than {MAX_PAYLOAD_BYTES:,} bytes, with the mark of a test", hint="Shorten its texts."
        )
    return Marked(message, samples)


_TEXTS = "See it with `rekindle plan --show`, and the scenario's texts with `rekindle check`."


def _given(person: Candidate) -> dict[str, Any]:
    return {name: value for name, value in person.variables.items() if value is not None}


def _samples(scenario: AnyScenario, person: Candidate) -> dict[str, Any]:
    """A value for each variable that the texts of the person's language name and the person
    lacks."""
    text = scenario.message[scenario.locale_for(person.locale)]
    needed: dict[str, set[str]] = {}
    for template in (*scenario.shared().values(), *text.parts().values()):
        for name, found in needs(template).items():
            needed.setdefault(name, set()).update(found)
    known, given = scenario.variables, _given(person)
    return {
        name: _sample(name, needed[name] | known.get(name, Variable()).fit_for, scenario)
        for name in sorted(needed)
        if name not in given
    }


def _sample(name: str, kinds: set[str], scenario: AnyScenario) -> Any:
    if "list" in kinds:
        return [f"[{name}]"]
    if "time" in kinds:
        return _INSTANT
    if kinds & DATE:
        return _DAY
    if kinds & NUMBER:
        return next(iter(scenario.thresholds()), _NUMBER)
    return f"[{name}]"
