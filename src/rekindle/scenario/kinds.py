"""The kinds of scenario: what each may say, and when somebody is due under it."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from croniter import croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from rekindle.policy import MAX_DURATION_SECONDS, parse_days, parse_duration
from rekindle.scenario.overrides import FIXED, Mistake, Override, fault_of, laid_over, mistakes, only, table
from rekindle.scenario.reach import Reach
from rekindle.scenario.texts import DATE, NUMBER, Texts, Variable

SCENARIO_TYPE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MAX_OVERRIDES = 5_000
MAX_TTL_SECONDS = 2_419_200  # FCM: four weeks


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _days(value: object) -> object:
    return parse_days(value) if isinstance(value, str) else value


def _distinct(values: list[int]) -> list[int]:
    if len(set(values)) != len(values):
        raise ValueError("the same value stands here twice")
    return sorted(values)


def _cron(value: str) -> str:
    if len(value.split()) != 5 or not croniter.is_valid(value):
        raise ValueError(f"{value!r} is not a cron expression; write five fields, such as '7 9 * * *'")
    return value


Seconds = Annotated[int, BeforeValidator(_seconds), Field(gt=0, le=MAX_DURATION_SECONDS)]
Days = Annotated[int, BeforeValidator(_days), Field(gt=0, le=3_660)]
Marks = Annotated[
    list[Annotated[int, Field(gt=0, le=1_000_000)]],
    Field(min_length=1, max_length=50),
    AfterValidator(_distinct),
]
Thresholds = Annotated[list[Days], Field(min_length=1, max_length=20), AfterValidator(_distinct)]


class _ScenarioBase(Reach, Texts):
    enabled: bool = True
    critical: bool = False
    cooldown: Seconds
    schedule: Annotated[str, AfterValidator(_cron)] | None = None
    priority: int = Field(default=50, ge=0, le=100)
    relevance: Seconds = 86_400
    ttl: Annotated[Seconds, Field(le=MAX_TTL_SECONDS)] | None = None
    uncertain: Literal["hold", "resend"] = "hold"
    overrides: list[Override] = Field(default_factory=list, max_length=MAX_OVERRIDES)
    _variants: tuple[Self, ...] = PrivateAttr(default=())

    @model_validator(mode="wrap")
    @classmethod
    def _with_variants(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Each variant is validated as the whole scenario that it is; the mistakes of all come out at once."""
        raw = table(value).get("overrides")
        if not isinstance(raw, list) or not raw:
            return handler(value)
        below = {key: one for key, one in value.items() if key != "overrides"}
        found: list[Mistake] = []
        try:
            handler(below)
        except ValidationError as fault:
            found = mistakes(fault)
        # What is wrong in what an override is laid over is reported there.
        known: dict[str | None, set[Mistake]] = {None: set(found)}
        variants: list[tuple[Override, Self]] = []
        for one in cast("list[object]", raw):
            override = Override.model_validate(one)
            changes = {key: changed for key, changed in override.changes.items() if key not in FIXED}
            own: list[Mistake] = [
                ((key,), "fixed", "is the same for everybody") for key in FIXED if key in override.changes
            ]
            variant = None
            try:
                variant = cls.model_validate(laid_over(below, changes))
            except ValidationError as fault:
                own += mistakes(fault)
            above = override.organisation_id if override.chapter_id else None
            own = [one for one in own if one not in known[None] | known.get(above, set())]
            if above is None:
                known[override.organisation_id] = set(own)
            found += [((*override.place.split("."), *loc), kind, message) for loc, kind, message in own]
            if variant is None:
                continue
            said = only(variant.model_dump(mode="json", exclude_none=True), changes)
            variants.append((override.model_copy(update={"changes": said}), variant))
        if found:
            raise fault_of(cls.__name__, found)
        variants.sort(key=lambda pair: (pair[0].organisation_id, pair[0].chapter_id or ""))
        scenario = handler({**below, "overrides": [override for override, _ in variants]})
        scenario._variants = tuple(variant for _, variant in variants)
        return scenario

    def variants(self) -> tuple[Self, ...]:
        """The scenario as it holds for everybody else, and then as each override in its order makes it."""
        return (self, *self._variants)

    @property
    def enabled_somewhere(self) -> bool:
        """Whether it is enabled for anybody."""
        return any(one.enabled for one in self.variants())

    @property
    def capped_somewhere(self) -> bool:
        """Whether anybody's pushes of it count under a frequency cap."""
        return any(one.caps for one in self.variants())


class Inactivity(_ScenarioBase):
    """Due when whole local days since the last activity reach a stage; each episode and stage once."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "days": Variable(NUMBER, 7),
        "last_activity_on": Variable(DATE, 13),
        "stage": Variable(NUMBER, 4),
    }
    kind: Literal["inactivity"]
    after: Thresholds
    limit: int | None = Field(default=None, gt=0, le=20)
    back_off: float | None = Field(default=None, gt=1, le=10, strict=False)


class Milestone(_ScenarioBase):
    """Due when the number of activities reaches a mark; each mark once ever, only the highest new one."""

    variables: ClassVar[Mapping[str, Variable]] = {"activities": Variable(NUMBER, 19), "mark": Variable(NUMBER, 7)}
    kind: Literal["milestone"]
    at: Marks


class Expiry(_ScenarioBase):
    """Due when a certificate expires within a threshold; each certificate and threshold once, most urgent only."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "certificate": Variable(),
        "expires_on": Variable(DATE, 13),
        "days_left": Variable(NUMBER, 4),
        "threshold": Variable(NUMBER, 4),
    }
    kind: Literal["expiry"]
    before: Thresholds


class OwnQuery(_ScenarioBase):
    """Due when the team's own SELECT returns the person."""

    variables: ClassVar[Mapping[str, Variable]] = {}
    kind: Literal["sql"]
    query: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.query is None) == (self.file is None):
            raise ValueError("give either query or file")
        return self


Scenario = Annotated[Inactivity | Milestone | Expiry | OwnQuery, Field(discriminator="kind")]


AnyScenario = Inactivity | Milestone | Expiry | OwnQuery


def definition(scenario: AnyScenario) -> dict[str, Any]:
    """The scenario as it is stored: durations in seconds, `after` and `before` in days."""
    return scenario.model_dump(mode="json", exclude_none=True)


def fingerprint(scenario: AnyScenario) -> str:
    """SHA-256 of the canonical definition: equal exactly when two scenarios mean the same."""
    canonical = json.dumps(definition(scenario), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def parse_scenario(stored: dict[str, Any]) -> AnyScenario:
    """A scenario out of its stored definition (the inverse of `definition`)."""
    return _Stored.model_validate({"scenario": stored}).scenario


class _Stored(BaseModel):
    scenario: Scenario
