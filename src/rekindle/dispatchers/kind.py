"""What the package of a provider declares: its kind, its keys and variables, and how its
dispatcher is made."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic_settings import BaseSettings, SettingsConfigDict

from rekindle.ports import Dispatcher
from rekindle.scenario import DispatcherConfig


class DispatcherSettings(BaseSettings):
    """The environment variables of one kind, read when its dispatcher is made. Secrets print as
    asterisks."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)


class DispatcherKind(DispatcherConfig, ABC):
    """The table [dispatcher] for one kind: the keys that every kind takes, and those of this kind.

    A subclass gives `kind` its default, and declares its keys as fields. The module that defines it
    imports no HTTP client: it is imported to validate a configuration, and for commands that send
    nothing.
    """

    settings: ClassVar[type[DispatcherSettings] | None] = None
    """The variables that `build` reads; None: it reads none."""

    @property
    def ready(self) -> str:
        """What `rekindle check` says when the dispatcher opened."""
        return f"dispatcher {self.kind} is ready to send"

    @abstractmethod
    def build(self) -> Dispatcher:
        """A dispatcher with these options and the environment's variables; nothing is connected
        yet.

        Raises:
            BadArgument: a variable has a value that cannot be used.
        """
