"""The values that pass through a run. No I/O, and no behaviour beyond their own consistency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from rekindle.errors import Disposition, UnknownScenario

TargetKind = Literal["token", "fid"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One device of one claim: it is leased, armed, sent and recorded. `epoch` fences every write
    about it. `kind` is that of its scenario. `text_name` is the text of its person in a text trial.
    `relevant_seconds` is the time until the push is no longer relevant, from the moment at which
    the unit was read."""

    claim_id: UUID
    device_id: UUID
    epoch: int
    user_id: UUID
    scenario_type: str
    scenario_version: int
    idempotency_key: str
    target_kind: TargetKind
    target: str = field(repr=False)
    locale: str | None = None
    timezone: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    variant: int = 0
    text_name: str | None = None
    attempts: int = 0
    kind: str = ""
    relevant_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class AndroidOptions:
    """How Android shows a push. `icon` is a picture in the app, `color` is `#rrggbb`, and
    `click_action` is the activity that a tap opens."""

    channel_id: str | None = None
    priority: Literal["high", "normal"] = "high"
    sound: str | None = None
    icon: str | None = None
    color: str | None = None
    click_action: str | None = None


@dataclass(frozen=True, slots=True)
class ApnsOptions:
    """How iOS shows a push; without a sound it makes none. `mutable_content`: an extension of the
    app may change the push before it is shown."""

    sound: str | None = "default"
    badge: int | None = None
    interruption_level: Literal["passive", "active", "time-sensitive"] | None = None
    category: str | None = None
    thread_id: str | None = None
    mutable_content: bool = False


@dataclass(frozen=True, slots=True)
class WebpushOptions:
    """How a browser shows a push: the addresses of its pictures."""

    icon: str | None = None
    badge: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How each platform shows a push. `data_only`: no platform shows it; the app gets the texts as
    data. `analytics_label`: the name under which FCM counts it."""

    android: AndroidOptions = AndroidOptions()
    apns: ApnsOptions = ApnsOptions()
    webpush: WebpushOptions = WebpushOptions()
    data_only: bool = False
    analytics_label: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One push in the engine's form. Each dispatcher translates it into its provider's wire
    format. `link` may have the scheme of an app; browsers get `web_link`."""

    claim_id: UUID
    idempotency_key: str
    user_id: UUID
    scenario_type: str
    target_kind: TargetKind
    target: str = field(repr=False)
    title: str = field(repr=False)
    body: str = field(repr=False)
    subtitle: str | None = field(default=None, repr=False)
    image: str | None = field(default=None, repr=False)
    data: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    link: str | None = field(default=None, repr=False)
    web_link: str | None = field(default=None, repr=False)
    ttl_seconds: int | None = None
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message and gave it a name. Accepted does not mean delivered."""

    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The message was certainly not sent.

    `disposition` is one of RETRY, DROP, PRUNE, HALT. `reason` is a stable lower-case word for
    reports, never the provider's text. `retry_after` is in seconds (None: the engine chooses).
    `error_code` is the RK code that a HALT is reported under. `hint` says what an operator may do
    about it, if anything; it does not make two outcomes different.
    """

    disposition: Disposition
    reason: str
    retry_after: float | None = None
    error_code: str = ""
    hint: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The message may have been sent: the request left, and no answer proves whether it was
    accepted."""

    reason: str


Outcome = Accepted | Refused | Uncertain


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The input of `record` for one notification: a unit and the name that the provider gave."""

    unit: Unit
    name: str


Verdict = Literal["recorded", "conflict", "stale"]
"""The result for an acceptance: it was recorded; another writer has used its key; or the unit's
epoch was out of date."""


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
class Selection:
    """The part of the programme that a run covers: scenarios by name; organisations (empty: all);
    one person or all."""

    scenarios: tuple[str, ...] = ()
    organisations: tuple[UUID, ...] = ()
    user_id: UUID | None = None


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Ending:
    """The final state of a unit that was certainly not sent. `prune`: the provider has proven its
    token dead."""

    unit: Unit
    outcome: Literal["skipped", "dead", "held_out"]
    reason: str
    prune: bool = False


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
class Report:
    """One run, as the ledger has it. Scenarios are in the order in which they were claimed.

    `abandoned_at`: when a sweep found that it had not reported its end. If it did so later, its
    status is the one that it reported. `tick`: the instant of a schedule that it worked, as
    `tick:SCENARIOS:INSTANT`. `attempt` counts the runs under its key, from 1.
    `reached`: people whose push at least one device accepted; each counts once, while the numbers
    of the scenarios count a person once per scenario. `organisations`: the selection; empty: all.
    `started_by`: the key, person or login that started it; None for a tick.
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


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation, or one of its chapters. Both are None for a person who belongs to none."""

    organisation_id: UUID | None
    chapter_id: UUID | None = None


NOWHERE = Place(None)
"""The place of a person who belongs to no organisation."""


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """The names of organisations and of chapters, by id. Each is one printable line. A place
    without a name, or that no view has, is absent."""

    organisations: Mapping[UUID, str] = field(default_factory=dict[UUID, str])
    chapters: Mapping[UUID, str] = field(default_factory=dict[UUID, str])

    def of(self, place: Place) -> tuple[str | None, str | None]:
        """The name of its organisation, and that of its chapter."""
        organisation = None if place.organisation_id is None else self.organisations.get(place.organisation_id)
        return organisation, None if place.chapter_id is None else self.chapters.get(place.chapter_id)


@dataclass(frozen=True, slots=True)
class Names(PlaceNames):
    """The names of places, and the external_ids of people by user_id. A person without one is
    absent."""

    people: Mapping[UUID, str] = field(default_factory=dict[UUID, str])


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


Turned = Literal["on", "off"]


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that an operator has turned off, or on again. None means every scenario, or every
    organisation."""

    scenario_type: str | None
    organisation_id: UUID | None
    turned: Turned
    reason: str | None
    switched_at: datetime
    switched_by: str


Registration = Literal["older", "newer", "gone"]
"""How a person's registration of a device compares with the send that proved its token dead: it is
older, so the token is disabled; it is newer, so the token is used again; or there is none now."""


@dataclass(frozen=True, slots=True)
class DisabledToken:
    """A device whose token the provider has proven dead. The token itself is not kept."""

    device_id: UUID
    user_id: UUID
    reason: str
    sent_at: datetime
    disabled_at: datetime
    registration: Registration


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """One send whose outcome is unknown: live (held for a late answer) or closed."""

    claim_id: UUID
    device_id: UUID
    user_id: UUID
    organisation_id: UUID | None
    scenario_type: str
    reason: str
    armed_at: datetime
    closed_at: datetime | None
    attempts: int


TestOutcome = Literal["accepted", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class SentAsTest:
    """A test push: one message, sent once, outside of every rule and record.

    `unknown`: it may have been accepted. `device_id` of None: it went to a token that was given.
    `due`: whether the person was due; otherwise `samples` are the variables that only a person who
    is due has, which had sample values. `hint` and `replayed` are known to the call alone:
    what may be done about a refusal, and whether an earlier request with the same key sent it.
    """

    test_id: UUID
    user_id: UUID
    scenario_type: str
    scenario_version: int
    organisation_id: UUID | None
    device_id: UUID | None
    due: bool
    samples: tuple[str, ...]
    sent_by: str
    sent_at: datetime
    outcome: TestOutcome
    reason: str | None
    provider_name: str | None
    hint: str = ""
    replayed: bool = False
