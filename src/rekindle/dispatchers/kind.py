"""What the package of a provider declares: its kind, its keys and environment variables, and
how to build its dispatcher."""

from abc import ABC, abstractmethod
from typing import ClassVar

from rekindle.ports import Dispatcher
from rekindle.scenario import DispatcherConfig
from rekindle.settings import Environment


class DispatcherSettings(Environment):
    """The environment variables of one kind, read when its dispatcher is built."""


class DispatcherKind(DispatcherConfig, ABC):
    """The table [dispatcher] for one kind: the keys that all kinds share, and the keys of this
    kind.

    A subclass gives `kind` its default and declares its keys as fields. The module that defines it
    must not import an HTTP client: it is imported to validate a configuration and by commands that
    send nothing.
    """

    settings: ClassVar[type[DispatcherSettings] | None] = None
    """The environment variables that `build` reads, or None."""

    @property
    def ready(self) -> str:
        """The line that `rekindle check` prints when the dispatcher opened."""
        return f"dispatcher {self.kind} is ready to send"

    @abstractmethod
    def build(self) -> Dispatcher:
        """Build a dispatcher from these options and the environment variables, without connecting.

        Raises:
            BadArgument: an environment variable has a value that is not valid.
        """
