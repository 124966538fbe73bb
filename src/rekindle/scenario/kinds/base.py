"""The base of every kind of scenario: the keys that all kinds take, and what each kind must
declare."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rekindle.scenario.cron import Zone, shortest_interval, valid_cron
from rekindle.scenario.day import Day
from rekindle.scenario.digest import Digest
from rekindle.scenario.further import MOST_TEXTS, FurtherText, TextName, TextTrial
from rekindle.scenario.kinds.keys import Days, EarlierName
from rekindle.scenario.kinds.variants import overridden
from rekindle.scenario.outcome import Outcome
from rekindle.scenario.overrides import Override, as_table, fault_of
from rekindle.scenario.reach import Reach, Seconds
from rekindle.scenario.texts import Texts, Variable, check_locales
from rekindle.scenario.trial import Trial
from rekindle.scenario.views import Columns

MAX_OVERRIDES = 5_000
MAX_TTL_SECONDS = 2_419_200  # FCM: four weeks


class ScenarioKind(Reach, Texts, ABC):
    """A scenario of one kind: the keys that every kind takes, and those of this kind.

    A subclass gives `kind` a Literal and declares its keys as fields. The package that defines it
    is named as the kind is, and has its SQL and a sample:

    - `candidates.sql` finds the people who are due.
    - `known.sql` returns what explain says about one person.
    - `no_longer_due.sql`, if it has one, finds the units that became void since the claim. It is
      run just before sending.
    - `longest.sql` is needed only if a variable has no longest value. It returns the values.
    - `useless.sql`, if it has one, finds the spent occurrences that a later one makes useless.
    - `relevant_until.sql`, if it `ends`, is the moment from which a claim's push makes no sense.
    - `sample.toml` is a scenario of this kind, as the reference shows it.
    """

    variables: ClassVar[Mapping[str, Variable]] = {}
    """The variables that its texts may name, besides the columns of the recipient view."""

    last_look: ClassVar[frozenset[str]] = frozenset()
    """The views besides those of every scenario that no_longer_due.sql reads, just before a push is
    sent. A scenario of another kind does not wait for them."""

    several: ClassVar[bool] = False
    """Whether a person may be due for several occurrences at once, so that it may have a digest."""

    item: ClassVar[str | None] = None
    """The variable that is the name of an occurrence in a digest; None: the configuration says."""

    lasting: ClassVar[bool] = False
    """Whether its occurrences stay spent for ever, because no occasion of it passes."""

    occasion_day: ClassVar[str | None] = None
    """What the day of an occasion is, which `since` and `max_age` look at: the column `began_on` of
    candidates.sql. None: there is no such column, and the two keys are refused."""

    without_day: ClassVar[str] = "an occasion of this kind has no day; leave this key out"
    """Why the two keys are refused, and what to do instead."""

    duty: ClassVar[bool] = False
    """Whether its people must know, so that the trial of the whole programme holds nobody out of
    it."""

    ends: ClassVar[bool] = False
    """Whether its occasions end at a moment: neither the run nor the provider keeps a push until
    after it."""

    enabled: bool = True
    critical: bool = False
    was: EarlierName | None = None
    cooldown: Seconds
    key: Literal["day", "occurrence"] = "day"
    schedule: Annotated[str, AfterValidator(valid_cron)] | None = None
    schedule_timezone: Zone | None = None
    priority: int = Field(default=50, ge=0, le=100)
    since: Day | None = None
    until: Day | None = None
    max_age: Days | None = None
    relevance: Seconds = 86_400
    ttl: Annotated[Seconds, Field(le=MAX_TTL_SECONDS)] | None = None
    uncertain: Literal["hold", "resend"] = "hold"
    outcome: Outcome = Outcome()
    trial: Trial | None = None
    text: dict[TextName, FurtherText] = Field(default_factory=dict, max_length=MOST_TEXTS)
    text_trial: TextTrial | None = None
    digest: Digest | None = None
    overrides: list[Override] = Field(default_factory=list, max_length=MAX_OVERRIDES)
    _variants: tuple[Self, ...] = PrivateAttr(default=())

    @field_validator("since", "max_age")
    @classmethod
    def _has_a_day(cls, value: str | int | None) -> str | int | None:
        if value is not None and cls.occasion_day is None:
            raise ValueError(cls.without_day)
        return value

    @field_validator("until")
    @classmethod
    def _ends_after_it_begins(cls, value: str | None, known: ValidationInfo) -> str | None:
        since = known.data.get("since")
        if value is not None and since is not None and value <= since:
            raise ValueError(f"ends before the first occasion that counts, which is of {since}")
        return value

    @field_validator("text")
    @classmethod
    def _further_locales(cls, value: dict[str, FurtherText]) -> dict[str, FurtherText]:
        for name, one in value.items():
            try:
                check_locales(one.message)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return value

    @field_validator("digest")
    @classmethod
    def _digest_of_several(cls, value: Digest | None) -> Digest | None:
        if value is None:
            return value
        if not cls.several:
            raise ValueError("a person is due for one occurrence of this kind at a time; remove this key")
        if value.items is None and cls.item is None:
            raise ValueError("items is missing; name the variable of your query that says what each occurrence is")
        if value.items is not None and cls.variables and value.items not in cls.variables:
            raise ValueError(f"items names {value.items}; the variables are {', '.join(sorted(cls.variables))}")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _with_variants(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Validate each variant as a whole scenario. The mistakes of all variants are raised
        together."""
        raw = as_table(value).get("overrides")
        if not isinstance(raw, list) or not raw:
            return handler(value)
        below = {key: one for key, one in value.items() if key != "overrides"}
        variants, found = overridden(cls, below, cast("list[object]", raw), handler)
        if found:
            raise fault_of(cls.__name__, found)
        variants.sort(key=lambda pair: (pair[0].organisation_id, pair[0].chapter_id or ""))
        scenario = handler({**below, "overrides": [override for override, _ in variants]})
        scenario._variants = tuple(variant for _, variant in variants)
        return scenario

    def variants(self) -> tuple[Self, ...]:
        """The scenario as it applies to everybody else, then one variant for each override, in
        order."""
        return (self, *self._variants)

    def with_text(self, name: str) -> Self:
        """The scenario with one of its further texts as its message."""
        one = self.model_copy(update={"message": self.text[name].message, "text": {}})
        one._variants = tuple(variant.with_text(name) for variant in self._variants)
        return one

    @property
    def enabled_somewhere(self) -> bool:
        """Whether it is enabled for anybody."""
        return any(one.enabled for one in self.variants())

    @property
    def capped_somewhere(self) -> bool:
        """Whether its pushes to anybody count under a frequency cap."""
        return any(one.caps for one in self.variants())

    @property
    def ends_somewhere(self) -> bool:
        """Whether it has an `until` for anybody."""
        return any(one.until for one in self.variants())

    @property
    def dated_somewhere(self) -> bool:
        """Whether the day of an occasion matters for anybody."""
        return any(one.since or one.max_age for one in self.variants())

    @property
    def in_trials(self) -> bool:
        """Whether a trial may hold people out of it."""
        return self.holdout and not self.critical and (not self.duty or self.trial is not None)

    @property
    def needs_activity_index(self) -> bool:
        """Whether an enabled scenario is refused without an index on (user_id, activity_date)."""
        return False

    @property
    def listed(self) -> str | None:
        """The variable whose values a digest lists; None without a digest."""
        return self.digest and (self.digest.items or self.item)

    @property
    def open_ended(self) -> frozenset[str]:
        """The variables that have no longest value."""
        return frozenset(name for name, variable in self.variables.items() if variable.longest is None)

    def interval_seconds(self) -> int | None:
        """The shortest time between two instants of its schedule; None without a schedule."""
        return None if self.schedule is None else shortest_interval(self.schedule)

    def views(self) -> Mapping[str, Columns]:
        """The columns of the team's views that its SQL reads, besides those that every scenario
        needs."""
        return {}

    def columns(self) -> Mapping[str, str]:
        """The columns of the recipient view that its SQL reads and the scenario names, by slot.
        They are the same for everybody."""
        return {}

    def thresholds(self) -> list[int]:
        """The values at which a person becomes due (days, marks or seconds: as candidates.sql reads
        them), ascending."""
        return []

    def bounds(self) -> dict[str, Any]:
        """Further parameters of its SQL: the outermost values over all variants, so that an index
        can be used."""
        return {}

    def remembered_days(self) -> int | None:
        """The days for which an occurrence must stay spent after its push: for so long it may be
        due again. None: for ever."""
        return 0

    def parts(self) -> Mapping[str, str]:
        """The parts for the slots of its SQL that are not the same for each scenario of the kind,
        by slot."""
        return {}

    def cautions(self) -> Iterator[str]:
        """What `check` notes about keys of this kind that are valid and may not do what is
        meant."""
        return iter(())

    def variant_columns(self) -> dict[str, Any]:
        """Columns of `rekindle.variant` that only this kind fills."""
        return {}

    @abstractmethod
    def people(self) -> str:
        """Which people are due, in a sentence or two for people; see
        `rekindle.scenario.words`."""

    @staticmethod
    @abstractmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """One line for people: what is known of a person, due or not.

        Args:
            facts: what known.sql returned, and `thresholds` if the kind has some. No name and no
                text.
        """
