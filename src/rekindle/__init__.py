"""Rekindle: the right push at the right moment, and never twice, from your Postgres.

A name is imported when it is first used, so `import rekindle` alone takes almost no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rekindle.app import Engine, migrate
    from rekindle.configuration import load_config
    from rekindle.engine.cycle import Caller, Deps, Watch
    from rekindle.engine.run import evaluate_and_dispatch
    from rekindle.errors import (
        ConfigError,
        ConfigNotApplied,
        DatabaseError,
        Disposition,
        ProviderError,
        RekindleError,
        UnknownScenario,
    )
    from rekindle.model import Accepted, Message, Numbers, Outcome, Refused, Report, Uncertain
    from rekindle.policy import stable_uuid
    from rekindle.ports import Dispatcher, NotificationRepository
    from rekindle.scenario import Config
    from rekindle.settings import Settings

__all__ = [
    "Accepted",
    "Caller",
    "Config",
    "ConfigError",
    "ConfigNotApplied",
    "DatabaseError",
    "Deps",
    "Dispatcher",
    "Disposition",
    "Engine",
    "Message",
    "NotificationRepository",
    "Numbers",
    "Outcome",
    "ProviderError",
    "Refused",
    "RekindleError",
    "Report",
    "Settings",
    "Uncertain",
    "UnknownScenario",
    "Watch",
    "evaluate_and_dispatch",
    "load_config",
    "migrate",
    "stable_uuid",
]

_MODULES = {
    "rekindle.app": ("Engine", "migrate"),
    "rekindle.configuration": ("load_config",),
    "rekindle.engine.cycle": ("Caller", "Deps", "Watch"),
    "rekindle.engine.run": ("evaluate_and_dispatch",),
    "rekindle.errors": (
        "ConfigError", "ConfigNotApplied", "DatabaseError", "Disposition", "ProviderError", "RekindleError",
        "UnknownScenario",
    ),
    "rekindle.model": ("Accepted", "Message", "Numbers", "Outcome", "Refused", "Report", "Uncertain"),
    "rekindle.policy": ("stable_uuid",),
    "rekindle.ports": ("Dispatcher", "NotificationRepository"),
    "rekindle.scenario": ("Config",),
    "rekindle.settings": ("Settings",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
