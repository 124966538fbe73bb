"""Trials: a part of the people get no push, so that the others can be compared with them. The
tables [trial] and [scenario.NAME.trial]."""

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, Field

from rekindle.policy import parse_share
from rekindle.scenario.day import Day
from rekindle.scenario.outcome import Outcome
from rekindle.scenario.overrides import Mistake
from rekindle.scenario.reach import Strict

LEAST_HELD, MOST_HELD = 100, 5_000
"""The smallest and the largest control group, in hundredths of a per cent."""

_SHARE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?%")


def hundredths(text: str) -> int:
    """A percentage such as 12.5% in hundredths of a per cent; 0 if it is none."""
    return round(float(text.removesuffix("%")) * 100) if _SHARE.fullmatch(text) else 0


def _control_group(text: str) -> str:
    if not LEAST_HELD <= hundredths(text) <= MOST_HELD:
        raise ValueError("is not a valid control group; write a percentage from 1% to 50%, such as 20%")
    return text


class Trial(Strict):
    """A part of the people, or of the chapters, get no push until the trial is over.

    `held_out` is the control group. Nobody new takes part from the day `until` on. `worth` is the
    difference that is worth knowing of, in points: 20 % and 25 % differ by 5.
    """

    held_out: Annotated[str, AfterValidator(_control_group)]
    until: Day
    by: Literal["person", "chapter"] = "person"
    worth: float = Field(default=5, gt=0, le=50)

    @property
    def held(self) -> int:
        """The control group in hundredths of a per cent."""
        return hundredths(self.held_out)


class ProgrammeTrial(Trial):
    """A trial of all scenarios together, with their own outcome, which counts from the first claim
    of a person."""

    outcome: Outcome = Outcome()


class InTrials(Protocol):
    """The part of a scenario that this module reads."""

    @property
    def trial(self) -> Trial | None: ...
    @property
    def holdout(self) -> bool: ...
    @property
    def critical(self) -> bool: ...
    @property
    def outcome(self) -> Outcome: ...


def void_trials(
    programme: ProgrammeTrial | None, scenarios: Mapping[str, InTrials], *, max_held_out: str
) -> Iterator[Mistake]:
    """The trials that hold nobody out, and control groups that are too large together."""
    for name, one in scenarios.items():
        if one.trial is None:
            continue
        where = ("scenario", name, "trial")
        if one.critical:
            yield where, "void", "nobody is held out of a critical scenario; remove this table, or critical"
        elif not one.holdout:
            yield where, "void", "nobody is held out of a scenario with holdout = false; remove one of the two"
    most = parse_share(max_held_out)
    trials = [*([programme] if programme else []), *(one.trial for one in scenarios.values() if one.trial)]
    together = 1 - prod(1 - one.held / 10_000 for one in trials)
    if most is not None and together > most + 1e-9:
        message = (
            f"is {max_held_out}, and the trials hold out {together:.1%} of the people who are due for all of them; "
            "make a control group smaller, or raise this key"
        )
        yield ("run", "max_held_out"), "too_many_held_out", message
