"""What rekindle.toml may say: validated in one go, every problem reported, nothing guessed."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from rekindle.errors import ConfigInvalid, ConfigMissing
from rekindle.policy import Guard, parse_share
from rekindle.scenario.kinds import SCENARIO_TYPE, Scenario, Seconds
from rekindle.scenario.overrides import (
    Id,
    Mistake,
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


class Dispatch(Strict):
    """Through what pushes are sent, how many at once, and how fast."""

    kind: Literal["fcm", "supabase-function", "log"] = "fcm"
    function: str = Field(default="push-notification-dispatcher", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    batch: int = Field(default=50, ge=1, le=100)
    concurrency: int = Field(default=1_000, ge=1, le=5_000)
    per_minute: int = Field(default=600_000, ge=1, le=60_000_000)
    timeout: Seconds = 10


class Config(Strict):
    """The whole of rekindle.toml."""

    run: Run = Run()
    dispatcher: Dispatch = Dispatch()
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


def load_config(path: Path) -> Config:
    """Read and validate a rekindle.toml, with the files that its scenarios name read in.

    Raises:
        ConfigMissing: there is no such file.
        ConfigInvalid: it is not TOML, or has mistakes; all of them are in `problems`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigMissing(
            f"there is no configuration at {path}",
            mend="Write one with `rekindle init`, or name it with --config.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigMissing(f"{path} cannot be read: {reason}") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"{path} is not TOML: {error}", problems=(str(error),)) from None
    problems = _read_query_files(raw, path.parent)
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += list(dict.fromkeys(_problem(mistake) for mistake in mistakes(error)))
        config = None
    if problems or config is None:
        count = f"{len(problems)} mistakes" if len(problems) > 1 else "a mistake"
        raise ConfigInvalid(
            f"{path.name} has {count}: {'; '.join(problems)}",
            mend="Mend the lines named and try again.",
            problems=tuple(problems),
        )
    return config


def _read_query_files(raw: dict[str, Any], folder: Path) -> list[str]:
    """Replace `file` by the query it holds, so that what is applied is complete in itself."""
    problems: list[str] = []
    for name, value in table(raw.get("scenario")).items():
        scenario = table(value)
        if not isinstance(scenario.get("file"), str) or "query" in scenario:
            continue
        try:
            scenario["query"] = (folder / str(scenario["file"])).read_text(encoding="utf-8")
            del scenario["file"]
        except (OSError, UnicodeDecodeError):
            problems.append(f"scenario.{name}.file: {scenario['file']!r} cannot be read")
    return problems


def _problem(mistake: Mistake) -> str:
    loc, kind, message = list(map(str, mistake[0])), mistake[1], mistake[2]
    # In a tagged union pydantic puts the kind behind the scenario's name; the file has no such level.
    if loc[:1] == ["scenario"] and loc[2:3] in (["inactivity"], ["milestone"], ["expiry"], ["sql"]):
        del loc[2]
    # What is said for an organisation is found wrong in the scenario that it makes, and stands in the organisation.
    if loc[:1] == ["scenario"] and loc[2:3] == ["organisation"]:
        end = 6 if loc[4:5] == ["chapter"] else 4
        loc = [*loc[2:end], *loc[:2], *loc[end:]]
    where = ".".join(part for part in loc if part != "[key]")
    if kind == "extra_forbidden":
        message = "there is no such key"
    elif kind == "missing":
        message = "is missing"
    elif kind in ("union_tag_not_found", "union_tag_invalid"):
        message = "kind must be one of inactivity, milestone, expiry, sql"
    return f"{where}: {message}"
