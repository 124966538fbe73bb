"""The contents of rekindle.toml. It is validated at once, every problem is reported, and nothing is
guessed."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from rekindle.policy import Guard, Retention, parse_share
from rekindle.scenario.alert import AlertConfig
from rekindle.scenario.critical import void_if_critical
from rekindle.scenario.cron import Zone
from rekindle.scenario.further import wrong_texts
from rekindle.scenario.kinds import SCENARIO_TYPE, Scenario, Seconds
from rekindle.scenario.overrides import (
    Id,
    Organisation,
    as_table,
    deep_merge,
    fault_of,
    mistakes,
    overrides_of,
    unknown_places,
    valid_policy_or_empty,
)
from rekindle.scenario.reach import Reach, Strict
from rekindle.scenario.renaming import wrong_names
from rekindle.scenario.retention import RetentionConfig, retained, too_short
from rekindle.scenario.sign_in import SignInConfig
from rekindle.scenario.trial import ProgrammeTrial, void_trials


def _is_a_share(text: str) -> str:
    parse_share(text)
    return text


class Run(Strict):
    """How a cycle runs."""

    budget: Seconds = 30
    timezone: Zone | None = None
    catch_up: Seconds = 21_600
    max_share: Annotated[str, AfterValidator(_is_a_share)] = "25%"
    max_times_median: Annotated[float, Field(ge=1, le=1_000)] | Literal["none"] = 5
    guard_floor: int = Field(default=100, ge=0, le=1_000_000_000)
    max_held_out: Annotated[str, AfterValidator(_is_a_share)] = "50%"

    def guard(self, *, confirmed: int = 0) -> Guard:
        """The limit on how many people may be claimed before somebody must confirm it."""
        times = None if isinstance(self.max_times_median, str) else float(self.max_times_median)
        return Guard(parse_share(self.max_share), times, self.guard_floor, confirmed)


class DispatcherConfig(Strict):
    """The dispatcher, how many sends it makes at once, and how fast: the keys that every kind of
    dispatcher takes.

    The kinds, and the further keys of each, are in `rekindle.dispatchers`.
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
    alert: AlertConfig = AlertConfig()
    sign_in: SignInConfig | None = None
    retention: RetentionConfig = RetentionConfig()
    trial: ProgrammeTrial | None = None
    scenario: dict[str, Scenario] = Field(default_factory=dict)
    organisation: dict[Id, Organisation] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _inherit(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Make each scenario and each of its overrides complete in itself, so that what is applied
        is complete."""
        raw = as_table(value)
        scenarios, organisations = as_table(raw.get("scenario")), as_table(raw.get("organisation"))
        found = list(unknown_places(list(scenarios), organisations))
        policy, whole = valid_policy_or_empty(as_table(raw.get("policy"))), dict(scenarios)
        for name, one in scenarios.items():
            if said := as_table(one):
                found += void_if_critical(name, said, organisations)  # mutant: void-if-critical
                if said.get("overrides"):
                    found.append((("scenario", name, "overrides"), "extra_forbidden", ""))
                whole[name] = {**deep_merge(policy, said), "overrides": list(overrides_of(name, organisations))}
        try:
            config = handler({**raw, "scenario": whole} if whole else value)
        except ValidationError as fault:
            raise fault_of(cls.__name__, found + mistakes(fault)) from None
        found += wrong_names(config.scenario)
        found += wrong_texts(config.scenario)
        found += too_short(config.retention, config.scenario, catch_up=config.run.catch_up, trial=config.trial)
        found += void_trials(config.trial, config.scenario, max_held_out=config.run.max_held_out)
        if found:
            raise fault_of(cls.__name__, found)
        return config

    def retained(self) -> Retention:
        """How long the ledger keeps what happened."""
        return retained(self.retention, self.scenario)

    @field_validator("scenario")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if name == "all":
                raise ValueError("'all' cannot be a scenario's name; an opt-out of it is one of every scenario")
            if SCENARIO_TYPE.fullmatch(name) is None:
                raise ValueError(f"{name[:80]!r} cannot be a scenario's name; use lower-case letters, digits, _ and -")
        return value
