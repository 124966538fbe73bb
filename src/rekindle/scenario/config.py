"""What rekindle.toml may say: validated in one go, every problem reported, nothing guessed."""

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from rekindle.policy import Guard, parse_share
from rekindle.scenario.kinds import SCENARIO_TYPE, Scenario, Seconds
from rekindle.scenario.overrides import (
    Id,
    Organisation,
    fault_of,
    laid_over,
    mistakes,
    overrides_of,
    sound,
    strangers,
    table,
)
from rekindle.scenario.reach import Reach, Strict


def _is_a_share(text: str) -> str:
    parse_share(text)
    return text


class Run(Strict):
    """How a cycle runs."""

    budget: Seconds = 30
    timezone: str | None = None
    max_share: Annotated[str, AfterValidator(_is_a_share)] = "25%"
    max_times_median: Annotated[float, Field(ge=1, le=1_000)] | Literal["none"] = 5
    guard_floor: int = Field(default=100, ge=0, le=1_000_000_000)

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        try:
            ZoneInfo("UTC" if value is None else value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{str(value)[:80]!r} is not a time zone such as Europe/Oslo") from None
        return value

    def guard(self, *, confirmed: int = 0) -> Guard:
        """How many people may be claimed before somebody has to confirm it."""
        times = None if isinstance(self.max_times_median, str) else float(self.max_times_median)
        return Guard(parse_share(self.max_share), times, self.guard_floor, confirmed)


class DispatcherConfig(Strict):
    """What sends the pushes, how many at once, and how fast: the keys that every kind of dispatcher
    takes.

    Which kinds there are, and the further keys of each, is in `rekindle.dispatchers`.
    """

    kind: str = "fcm"
    concurrency: int = Field(default=1_000, ge=1, le=5_000)
    per_minute: int = Field(default=600_000, ge=1, le=60_000_000)
    timeout: Seconds = 10


class Config(Strict):
    """The whole of rekindle.toml."""

    run: Run = Run()
    dispatcher: DispatcherConfig = DispatcherConfig()
    policy: Reach = Reach()
    scenario: dict[str, Scenario] = Field(default_factory=dict)
    organisation: dict[Id, Organisation] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _inherit(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Each scenario is complete in itself, its overrides too, so that what is applied is."""
        raw = table(value)
        scenarios, organisations = table(raw.get("scenario")), table(raw.get("organisation"))
        found = list(strangers(list(scenarios), organisations))
        policy, whole = sound(table(raw.get("policy"))), dict(scenarios)
        for name, one in scenarios.items():
            if said := table(one):
                if said.get("overrides"):
                    found.append((("scenario", name, "overrides"), "extra_forbidden", ""))
                whole[name] = {**laid_over(policy, said), "overrides": list(overrides_of(name, organisations))}
        try:
            config = handler({**raw, "scenario": whole} if whole else value)
        except ValidationError as fault:
            raise fault_of(cls.__name__, found + mistakes(fault)) from None
        if found:
            raise fault_of(cls.__name__, found)
        return config

    @field_validator("scenario")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if SCENARIO_TYPE.fullmatch(name) is None:
                raise ValueError(f"{name[:80]!r} cannot be a scenario's name; use lower-case letters, digits, _ and -")
        return value
