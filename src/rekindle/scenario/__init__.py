"""The configuration: rekindle.toml and the scenarios in it."""

from rekindle.scenario.alert import AlertConfig
from rekindle.scenario.config import Config, DispatcherConfig, Run
from rekindle.scenario.digest import VARIABLES as DIGEST_VARIABLES
from rekindle.scenario.further import FIRST, TextTrial, ends_of, names_of, texts_sha256
from rekindle.scenario.kinds import (
    KINDS,
    AnyScenario,
    Event,
    Expiry,
    Inactivity,
    Milestone,
    OwnQuery,
    definition,
    fingerprint,
    parse_scenario,
)
from rekindle.scenario.outcome import ACTIVITY, Outcome
from rekindle.scenario.overrides import changed_keys, changed_values
from rekindle.scenario.platforms import Android, Apns, Webpush
from rekindle.scenario.reach import WEEKDAYS, Reach
from rekindle.scenario.retention import RetentionConfig
from rekindle.scenario.sign_in import SignInConfig
from rekindle.scenario.texts import Text, Variable
from rekindle.scenario.trial import Trial

__all__ = [
    "ACTIVITY",
    "DIGEST_VARIABLES",
    "FIRST",
    "KINDS",
    "WEEKDAYS",
    "AlertConfig",
    "Android",
    "AnyScenario",
    "Apns",
    "Config",
    "DispatcherConfig",
    "Event",
    "Expiry",
    "Inactivity",
    "Milestone",
    "Outcome",
    "OwnQuery",
    "Reach",
    "RetentionConfig",
    "Run",
    "SignInConfig",
    "Text",
    "TextTrial",
    "Trial",
    "Variable",
    "Webpush",
    "changed_keys",
    "changed_values",
    "definition",
    "ends_of",
    "fingerprint",
    "names_of",
    "parse_scenario",
    "texts_sha256",
]
