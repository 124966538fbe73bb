"""The port to the team's own views: their columns, types and totals. It returns no person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from rekindle.errors import RekindleError
from rekindle.model import Place, PlaceNames
from rekindle.ports.ledger import OwnOutcome
from rekindle.scenario import OwnQuery, Variable


@dataclass(frozen=True, slots=True)
class Column:
    """A column of one of the team's views, with its type as Postgres writes it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class View:
    """One of the team's views: its columns in order, and the problems that reading it met.

    `refusal` is why this role may not read it. `filtered` is the rule of row level security that
    decides what it shows. `fault` is any other error with which it cannot be opened: one of its
    tables is locked, or the view fails.
    """

    columns: Sequence[Column]
    refusal: str | None = None
    filtered: str | None = None
    fault: RekindleError | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """A way from a REST API over this database into one of Rekindle's schemas: `through` is a
    setting or a role."""

    schema_name: str
    through: str
    open: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the server, its roles or the ledger that prevents no run, but is worth a
    look."""

    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many active recipients there are, in people; how many of them lack a time zone or a
    device that a claim could send to, or are listed several times; how many active rows have no
    person; and the valid time zones of the recipients, the chapters and the organisations."""

    recipients: int
    without_timezone: int
    without_token: int
    repeated: int
    rows_without_person: int
    zones: Sequence[str]


@dataclass(frozen=True, slots=True)
class OptOuts:
    """How many people opted out of everything, of a scenario that exists, and of names that no
    scenario has. `names_unknown`: the most frequent of these names, with their people."""

    everything: int
    known: int
    unknown: int
    names_unknown: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeviceCounts:
    """How many tokens several people have, and how many people these are; how many devices have not
    been registered for `policy.STALE_SECONDS`; and the devices by kind of target, where that is not
    known."""

    shared_tokens: int
    sharing_people: int
    stale: int
    unknown_kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IdCounts:
    """How many external_ids several people have, and how many people these are."""

    shared_ids: int
    sharing_people: int


@dataclass(frozen=True, slots=True)
class DateCounts:
    """How many dates lie ahead so that they do not count, and the last of them; and how many are
    dates that mean "never"."""

    ahead: int
    farthest_on: str | None
    never: int


class Source(Protocol):
    """The team's own views. Read only."""

    async def views(self) -> Mapping[str, View]:
        """Every view in schema rekindle_source, by name. Each was opened; no row was read."""
        ...

    async def closed(self) -> Sequence[str]:
        """The views of schema rekindle_source that the role rekindle_worker may not read, by name,
        whichever role asks."""
        ...

    async def unreadable(self, columns: Mapping[str, Sequence[str]]) -> Mapping[str, RekindleError]:
        """By view, the error with which reading all its rows fails, for those of the given views
        that fail. Only the given columns are read, and of the recipients all columns of the active
        ones. A view that takes longer than 5 s has StatementTooSlow."""
        ...

    async def exposures(self) -> Sequence[Exposure]:
        """Every way from a REST API into schema rekindle or rekindle_source; none if no such API is
        known."""
        ...

    async def has_activity_index(self) -> bool:
        """Whether an index begins with the person and the date of activity."""
        ...

    async def counts(self) -> SourceCounts:
        """Count the recipients, and those that lack something. A time zone may come from the
        chapter or the organisation."""
        ...

    async def opt_outs(self, names: Sequence[str]) -> OptOuts:
        """Count the people who opted out. `names` are the scenarios that exist. All zero without a
        view of preferences.

        Raises:
            StatementTooSlow: it took longer than 15 s.
        """
        ...

    async def devices(self) -> DeviceCounts:
        """Count the devices that look wrong.

        Raises:
            StatementTooSlow: it took longer than 15 s; so do the next four.
        """
        ...

    async def ids(self) -> IdCounts:
        """Count the external_ids that do not name one person. None without the column."""
        ...

    async def activity_dates(self) -> DateCounts:
        """Count the activities that do not count."""
        ...

    async def certificate_dates(self) -> DateCounts:
        """Count the certificates that expire in more than a hundred years, or expired before
        1970-01-02."""
        ...

    async def locales(self) -> Sequence[tuple[str | None, int]]:
        """The locales of the active recipients, each with its number of people: the most frequent
        10,000, in order."""
        ...

    async def deserted(self, places: Sequence[Place]) -> Sequence[Place]:
        """Those of the places that have no active recipient, in the order given."""
        ...

    async def place_names(self, places: Iterable[Place]) -> PlaceNames:
        """The names that the team's views give these organisations and chapters. The views and
        their column `name` are optional.

        Raises:
            DatabaseError, SourceError: the views cannot be read, or not within 5 s.
        """
        ...

    async def external_ids(self, people: Collection[UUID]) -> Mapping[UUID, str]:
        """The external_ids that the recipient view gives these people, by user_id. The column is
        optional. One of more than 255 characters is absent, because no command takes it.

        Raises:
            DatabaseError, SourceError: the view cannot be read, or not within 5 s.
        """
        ...

    async def people_names(
        self, people: Collection[UUID], *, sees: Collection[UUID] | None = None
    ) -> Mapping[UUID, str]:
        """The names that the recipient view gives these people, by user_id, each as one printable
        line: the first of its columns `name`, `full_name`, `display_name` and `first_name` that is
        not blank. With `sees`, only people who are recipients of these organisations now have one.

        Raises:
            DatabaseError, SourceError: the view cannot be read, or not within 5 s.
        """
        ...

    async def longest(self, names: Sequence[str], *, kinds: Sequence[str]) -> Mapping[str, int]:
        """By variable, the bytes of the longest value (cut as texts cut it) that the views have
        now. The variables are columns of the recipient view by these names, of active recipients,
        and the variables of these kinds of scenario that have no longest value. A variable without
        any value is absent.

        Raises:
            StatementTooSlow: it took longer than 15 s.
        """
        ...

    async def read_outcome(self, outcome: OwnOutcome, *, horizon_seconds: int) -> None:
        """Read the team's query of an outcome as a run does, for some of the recipients.

        Raises:
            SourceError: the query cannot be used.
        """
        ...

    async def query_variables(self, scenario_type: str, scenario: OwnQuery) -> Mapping[str, Variable] | None:
        """The variables that a scenario's own query returns, as in its first rows; None if it
        returns nobody now.

        Raises:
            SourceError: the query cannot be used.
        """
        ...
