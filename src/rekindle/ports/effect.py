"""What the ledger knows of a trial. Of two numbers, the first is of the people who are nudged, and
the second of those who are held out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

Both = tuple[int, int]
FourCounts = tuple[int, int, int, int]
"""Nudged and came back, nudged and did not, held out and came back, held out and did not."""

NO_COUNTS: FourCounts = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class TrialDay:
    """What one day added, in UTC."""

    on: date
    enrolled: Both
    """People whose first claim was on that day."""
    settled: FourCounts
    """People who settled on that day: it became known whether they came back."""


@dataclass(frozen=True, slots=True)
class ChapterSettled:
    """The people of one chapter who settled by the end of a day, and on it."""

    on: date
    chapter: str
    """Its id. A person without a chapter is one."""
    settled: FourCounts


@dataclass(frozen=True, slots=True)
class TextsFound:
    """Two texts of a text trial: the first one, and another that is compared with it."""

    first: str
    other: str
    first_weight: int
    """The part of all people of the trial, in hundredths of a per cent."""
    other_weight: int
    compared: int
    """Texts of the trial that are compared with the first one."""
    first_accepted: int = 0
    """People with the first text whose first push a provider accepted."""


@dataclass(frozen=True, slots=True)
class Opens:
    """The people whose first push the team's app says was opened, and those of them who settled."""

    opened: Both
    settled: Both


@dataclass(frozen=True, slots=True)
class TrialFound:
    """One trial with its numbers, which are those of some organisations for a limited reader. Of a
    text trial, two of its texts: everything about people who are nudged is about those with the
    other text, and everything about people who are held out about those with the first one."""

    trial_id: UUID
    scope: str
    """`*`, or the name of the scenario when the trial started; of a text trial `text:` and it."""
    unit: Literal["person", "chapter"]
    held: int | None
    """The share of the people who are held out, in hundredths of a per cent; None in a text
    trial."""
    horizon_days: int
    worth: float
    """The smallest difference worth knowing of, as a difference of rates."""
    started_at: datetime
    until_on: date
    ended_at: datetime | None
    outcome: str = "activity"
    """`activity`, or the team's query."""
    texts: TextsFound | None = None
    """What a text trial compares here."""
    identity: str = ""
    """The same for all trials of a scenario, also if it was renamed between them."""
    days: Sequence[TrialDay] = ()
    """In order, without days that added nothing."""
    chapters: Sequence[ChapterSettled] = ()
    """In order of days; empty unless whole chapters are assigned."""
    months: Sequence[tuple[date, FourCounts]] = ()
    """People who settled, by the first day of the month of their first claim."""
    back: Sequence[tuple[int, Both]] = ()
    """People who came back, by the whole days since their first claim, from 1 on."""
    opted_out: Both = (0, 0)
    """People who settled and had opted out within the horizon."""
    misplaced: int = 0
    """People in another arm than the assignment says."""
    delivered: int = 0
    """Claims of people who are held out that a provider accepted all the same."""
    accepted: int = 0
    """People who are nudged and whose first push a provider accepted."""
    reached_otherwise: int = 0
    """People who are held out and were reached by another scenario within the horizon."""
    changed: int | None = None
    """People who settled and would be judged differently now; None if that could not be counted."""
    opens: Opens | None = None
    """None if the team has no view of opened pushes."""
    opens_failure: str | None = None
    """Why that view cannot be read."""
    failure: str | None = None
    """Why the outcome cannot be read, so that nobody settles."""

    @property
    def text_name(self) -> str:
        """The text that is compared with the first one; empty if the trial holds people out."""
        return "" if self.texts is None else self.texts.other

    @property
    def share(self) -> float:
        """The chance of being nudged; between two texts, of getting the other one."""
        if self.texts is not None:
            return self.texts.other_weight / (self.texts.first_weight + self.texts.other_weight)
        return 1 - (self.held or 0) / 10_000


@dataclass(frozen=True, slots=True)
class TrialsFound:
    """Every trial, the newest first."""

    at: datetime
    trials: Sequence[TrialFound] = field(default_factory=tuple)
