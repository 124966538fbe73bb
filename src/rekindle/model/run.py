"""A run: what it covers, its numbers, and its report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from rekindle.errors import UnknownScenario
from rekindle.model.message import TargetKind


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the programme that a run covers: scenarios by name; organisations (empty: all);
    one person or all."""

    scenarios: tuple[str, ...] = ()
    organisations: tuple[UUID, ...] = ()
    user_id: UUID | None = None


EVERYTHING = Selection()


COUNTERS = (
    "evaluated", "not_due", "refused", "claimed", "carried", "recorded", "held_out", "skipped", "dead", "unknown",
    "pending", "handed_over", "pushes", "confirmed",
)  # fmt: skip
"""The counters of a scenario in a run, in the order of every list of them; a test compares the
lists. To add one: here and in `Numbers`, in the tables `run` and `run_scenario` and the statements
that write them, in the API's model and in the Edge Function that relays reports. A run has all but
`confirmed`."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What happened to every recipient of one scenario in one run, in people; only `pushes` counts
    devices.

        evaluated = not_due + refused + claimed
        claimed + carried = recorded + held_out + skipped + dead + unknown + pending + handed_over

    `refused` counts the people who were due and not claimed, by reason. `reasons` counts the
    endings after a claim (skipped, dead, unknown, retry) by "ending:reason". `confirmed` counts the
    claimed people that the guard would have held back if nobody had confirmed them. The same sums
    are CHECKs on the table `run_scenario`.
    """

    scenario_type: str
    evaluated: int = 0
    not_due: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict[str, int])
    claimed: int = 0
    carried: int = 0
    recorded: int = 0
    held_out: int = 0
    skipped: int = 0
    dead: int = 0
    unknown: int = 0
    pending: int = 0
    handed_over: int = 0
    pushes: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    confirmed: int = 0

    @property
    def refused(self) -> int:
        """People who were due and were not claimed, for any reason."""
        return sum(self.refusals.values())

    @property
    def due(self) -> int:
        """People who met the scenario's condition now."""
        return self.refused + self.claimed

    @property
    def unreachable(self) -> bool:
        """Whether people were due, and none of them has a usable device token."""
        return 0 < self.due == self.refusals.get("no_token", 0)

    @property
    def refusal(self) -> str | None:
        """For a run of one person: why they were due and not claimed. None: they were claimed, or
        were not due."""
        return next(iter(self.refusals), None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What `plan` returns for one person who is due: they would be claimed now, or are refused, and
    why. `other_occurrences` is what a digest covers besides. `held_out_of`: the person would be
    claimed, and get no push, because of the trial with this scope. `text_name`: the text that they
    would get in a text trial."""

    user_id: UUID
    organisation_id: UUID | None
    scenario_type: str
    occurrence: str
    refusal: str | None
    locale: str | None
    timezone: str | None
    variables: Mapping[str, Any] = field(repr=False)
    devices: tuple[tuple[TargetKind, str], ...] = field(repr=False)
    variant: int = 0
    other_occurrences: tuple[str, ...] = ()
    held_out_of: str | None = None
    text_name: str | None = None

    @property
    def verdict(self) -> str:
        """`claim`, `held_out`, or the reason for a refusal."""
        return self.refusal or ("claim" if self.held_out_of is None else "held_out")


RunStatus = Literal["running", "done", "budget", "incomplete", "halted", "abandoned", "not_started"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a run was asked for. Asking again under the same key means the same run; `digest` tells
    other requests apart."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The last run under a key. `free`: that run is lost, was abandoned or could not start, so the
    key may begin another attempt."""

    run_id: UUID
    digest: str
    free: bool


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What the guard held back of one scenario in a run, and what it compared, in people. None:
    that limit does not apply, or the run was limited to organisations, and the figure counts
    everybody.

    `people`: those of the claim. `recipients`: the active ones. `total`: what the claims of all
    scenarios in 24 hours come to with this one, of which `share_allows` are allowed. `own`: those
    of this scenario alone, of which `median_allows` are, by the `median` of its days.
    """

    scenario_type: str
    people: int
    recipients: int | None = None
    total: int | None = None
    share_allows: int | None = None
    own: int | None = None
    median_allows: int | None = None
    median: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One run, as the ledger has it. Scenarios are in the order in which they were claimed.

    `abandoned_at`: when a sweep found that it had not reported its end. If it did so later, its
    status is the one that it reported. `tick`: the instant of a schedule that it worked, as
    `tick:SCENARIOS:INSTANT`. `attempt` counts the runs under its key, from 1.
    `reached`: people whose push at least one device accepted; each counts once, while the numbers
    of the scenarios count a person once per scenario. `organisations`: the selection; empty: all.
    `started_by`: the key, person or login that started it; None for a tick. `held`: what the guard
    held back in it.
    """

    run_id: UUID
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    budget_seconds: float
    dispatcher: str
    scenarios: tuple[Numbers, ...]
    halted_by: str | None = None
    abandoned_at: datetime | None = None
    tick: str | None = None
    attempt: int = 1
    reached: int = 0
    organisations: tuple[UUID, ...] = ()
    started_by: str | None = None
    held: tuple[HeldBack, ...] = ()

    def numbers(self, scenario_type: str) -> Numbers:
        """The numbers of one scenario.

        Raises:
            UnknownScenario: the run did not evaluate it.
        """
        found = next((one for one in self.scenarios if one.scenario_type == scenario_type), None)
        if found is None:
            raise UnknownScenario(f"the run {self.run_id} did not evaluate {scenario_type!r}")
        return found

    @property
    def exit_code(self) -> int:
        """0 done, 1 something was not sent that should have been, 2 an operator must act, 3 work is
        left."""
        return {"done": 0, "incomplete": 1, "halted": 2, "budget": 3, "running": 3, "abandoned": 1}.get(self.status, 2)


Sight = Literal["progress", "ended", "abandoned"]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a run. `progress`: it is under way, and the report has its numbers so far.
    `ended`: this is its report. `abandoned`: its process was lost or never reported the end; the
    next run finishes its work."""

    sight: Sight
    report: Report

    @property
    def is_last(self) -> bool:
        """Whether nothing more is to be seen of the run."""
        return self.sight != "progress"
