"""The seam to the team's own views: what they look like. Nothing here reads people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rekindle.scenario import OwnQuery, Variable


@dataclass(frozen=True, slots=True)
class Column:
    """A column of one of the team's views, with its type as Postgres writes it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class View:
    """One of the team's views: its columns in order, and what reading it met.

    `refusal` is why it cannot be read at all; `filtered`, which rule of row level security decides
    what it shows.
    """

    columns: Sequence[Column]
    refusal: str | None = None
    filtered: str | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """A way from a REST API over this database into one of Rekindle's schemas: `through` is a
    setting or a role."""

    schema_name: str
    through: str
    open: bool


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many active recipients there are, and how many of them lack something."""

    recipients: int
    without_timezone: int
    without_token: int


class Source(Protocol):
    """The team's own views: what they look like. Read only."""

    async def views(self) -> Mapping[str, View]:
        """By name, whatever stands in schema rekindle_source. Each was opened; no row was read."""
        ...

    async def exposures(self) -> Sequence[Exposure]:
        """Every way of a REST API into schema rekindle or rekindle_source; none where no such
        API is known."""
        ...

    async def has_activity_index(self) -> bool:
        """Whether an index leads with the person and the date of activity."""
        ...

    async def counts(self) -> SourceCounts:
        """Recipients, and what they lack, their chapters' and organisations' time zones taken
        into account."""
        ...

    async def deserted(self, places: Sequence[tuple[str, str | None]]) -> Sequence[tuple[str, str | None]]:
        """Of organisations, and of chapters of one, by id: those without any active recipient,
        in the order given."""
        ...

    async def longest(self, names: Sequence[str], *, kinds: Sequence[str]) -> Mapping[str, int]:
        """By variable, the bytes of the longest value (cut as texts cut it) that the views have
        now: columns of the recipient view by these names, of active recipients, and the variables
        of these kinds of scenario that have no longest value. A variable without any value is
        absent.

        Raises:
            StatementTooSlow: it took longer than 15 s.
        """
        ...

    async def query_variables(self, scenario_type: str, scenario: OwnQuery) -> Mapping[str, Variable] | None:
        """The variables that a scenario's own query gives, as its first rows have them; None if it
        returns nobody now.

        Raises:
            SourceError: the query cannot be used.
        """
        ...
