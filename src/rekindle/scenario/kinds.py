"""The kinds of scenario: what each may say, and when somebody is due under it."""

import hashlib
import json
import re
from typing import Annotated, Any, ClassVar, Literal, Self

from croniter import croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from rekindle.errors import TemplateInvalid
from rekindle.model import Options
from rekindle.policy import MAX_DURATION_SECONDS, parse_days, parse_duration
from rekindle.render import variables_in
from rekindle.scenario.platforms import Android, Apns, Webpush, options
from rekindle.scenario.reach import Reach, Strict

SCENARIO_TYPE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
MAX_TTL_SECONDS = 2_419_200  # FCM: four weeks
_RESERVED_DATA_KEY = re.compile(r"(from|message_type|gcm|claim_id|idempotency_key|scenario_type)$|google|gcm\.")


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


class Text(Strict):
    """What the recipient reads: one title and one body, for one locale."""

    title: str = Field(min_length=1)
    body: str = Field(min_length=1)

    @field_validator("title", "body")
    @classmethod
    def _plain_fields(cls, value: str) -> str:
        try:
            variables_in(value)
        except TemplateInvalid as error:
            raise ValueError(f"{error.message}. {error.mend}".strip()) from None
        return value


class _ScenarioBase(Reach):
    enabled: bool = True
    critical: bool = False
    cooldown: Seconds
    schedule: Annotated[str, AfterValidator(_cron)] | None = None
    priority: int = Field(default=50, ge=0, le=100)
    relevance: Seconds = 86_400
    ttl: Annotated[Seconds, Field(le=MAX_TTL_SECONDS)] | None = None
    link: str | None = None
    data: dict[str, str] = Field(default_factory=dict)
    uncertain: Literal["hold", "resend"] = "hold"
    default_locale: str = "en"
    message: dict[str, Text] = Field(min_length=1)
    android: Android | None = None
    apns: Apns | None = None
    webpush: Webpush | None = None

    @field_validator("data")
    @classmethod
    def _data_keys(cls, value: dict[str, str]) -> dict[str, str]:
        for key, text in value.items():
            if not key or _RESERVED_DATA_KEY.match(key):
                raise ValueError(f"the data key {key!r} is reserved by FCM or by Rekindle")
            try:
                variables_in(text)
            except TemplateInvalid as error:
                raise ValueError(f"data.{key}: {error.message}") from None
        return value

    @field_validator("link")
    @classmethod
    def _link_is_https(cls, value: str | None) -> str | None:
        if value is not None:
            if not value.startswith("https://"):
                raise ValueError("a link starts with https://")
            try:
                variables_in(value)
            except TemplateInvalid as error:
                raise ValueError(error.message) from None
        return value

    @field_validator("message")
    @classmethod
    def _locales(cls, value: dict[str, Text]) -> dict[str, Text]:
        for locale in value:
            if LOCALE.fullmatch(locale) is None:
                raise ValueError(f"{locale!r} is not a locale such as en or nb-NO")
        return value

    @field_validator("android", "apns", "webpush")
    @classmethod
    def _says_something(cls, value: Android | Apns | Webpush | None) -> Android | Apns | Webpush | None:
        return None if value is not None and value == type(value)() else value

    @model_validator(mode="after")
    def _default_text_exists(self) -> Self:
        if self.default_locale not in self.message:
            raise ValueError(f"message.{self.default_locale} is missing; it is the text for every other locale")
        return self

    def options(self) -> Options:
        """How each platform shows it, as a message carries it."""
        return options(self.android, self.apns, self.webpush)

    def templates(self) -> dict[str, str]:
        """Every text of the scenario by where it stands in the file."""
        texts = {f"data.{key}": text for key, text in self.data.items()}
        if self.link is not None:
            texts["link"] = self.link
        for locale, text in self.message.items():
            texts[f"message.{locale}.title"] = text.title
            texts[f"message.{locale}.body"] = text.body
        return texts

    def text_for(self, locale: str | None) -> Text:
        """The text for a locale: `nb-NO`, else `nb`, else the default."""
        wanted = (locale or "").replace("_", "-")
        by_name = {name.replace("_", "-").lower(): text for name, text in self.message.items()}
        while wanted:
            if (text := by_name.get(wanted.lower())) is not None:
                return text
            wanted = wanted.rpartition("-")[0]
        return self.message[self.default_locale]


class Inactivity(_ScenarioBase):
    """Due when whole local days since the last activity reach a stage; each episode and stage once."""

    variables: ClassVar[frozenset[str]] = frozenset({"days", "last_activity_on", "stage"})
    kind: Literal["inactivity"]
    after: Thresholds
    limit: int | None = Field(default=None, gt=0, le=20)


class Milestone(_ScenarioBase):
    """Due when the number of activities reaches a mark; each mark once ever, only the highest new one."""

    variables: ClassVar[frozenset[str]] = frozenset({"activities", "mark"})
    kind: Literal["milestone"]
    at: Marks


class Expiry(_ScenarioBase):
    """Due when a certificate expires within a threshold; each certificate and threshold once, most urgent only."""

    variables: ClassVar[frozenset[str]] = frozenset({"certificate", "expires_on", "days_left", "threshold"})
    kind: Literal["expiry"]
    before: Thresholds


class OwnQuery(_ScenarioBase):
    """Due when the team's own SELECT returns the person."""

    variables: ClassVar[frozenset[str]] = frozenset()
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
