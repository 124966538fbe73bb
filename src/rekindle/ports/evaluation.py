"""One scenario to evaluate: the input of every statement that finds people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rekindle.model import Selection
from rekindle.scenario import AnyScenario


@dataclass(frozen=True, slots=True)
class Applied:
    """A scenario in the version that is in force. Version 0 is a scenario that is not applied
    yet. `passed_over`: the last run that tried could not evaluate it. `earlier`: its other names,
    if it was renamed."""

    scenario_type: str
    version: int
    scenario: AnyScenario
    fingerprint: str
    passed_over: bool = False
    earlier: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which its pushes, opt-outs and switches count."""
        return (self.scenario_type, *self.earlier)


@dataclass(frozen=True, slots=True)
class Terms:
    """How an evaluation reads time: the time zone for people who have none (None: there is no
    default), and how many seconds each statement may take.

    `at` is the moment to judge (None: the moment of the evaluation, by the ledger's clock). Without
    `by_the_hour`, quiet hours, weekdays and `send_at` stop nobody whose time zone is known.
    """

    timezone: str | None = None
    timeout_seconds: float = 30.0
    at: datetime | None = None
    by_the_hour: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """How many active recipients there are, in people: `evaluated` in a selection, `recipients` in
    total. If the selection names one person, both numbers are about that person."""

    evaluated: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One scenario, the people to evaluate, the scenarios that outrank it, and the terms.

    `outranking` are the higher-priority scenarios that share a frequency cap with this one and have
    not been claimed yet, highest first. Where the cap has no room for all scenarios that would
    claim a person, these come first. `survey` is of the selection and is read once for all
    scenarios of a run; None: it is read for this one.
    """

    applied: Applied
    selection: Selection = field(default_factory=Selection)
    outranking: Sequence[Applied] = ()
    terms: Terms = field(default_factory=Terms)
    survey: Survey | None = None

    def same_as(self, other: "Evaluation") -> bool:
        """Whether both claim the same people at any moment."""
        mine, theirs = (
            [(each.names, each.fingerprint) for each in (*one.outranking, one.applied)] for one in (self, other)
        )
        return (mine, self.selection, self.terms) == (theirs, other.selection, other.terms)
