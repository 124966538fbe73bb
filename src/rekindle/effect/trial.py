"""A trial: what it fixed beforehand, what was counted, and the words for what is known of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Word(StrEnum):
    """What is known of a trial."""

    NOT_KNOWN = "not_known"
    BROKEN = "broken"
    OUTCOME_FAILED = "outcome_failed"
    TOO_EARLY = "too_early"
    TOO_FEW = "too_few"
    HELPS = "helps"
    HARMS = "harms"
    SMALL = "small"
    TOO_FEW_YET = "too_few_yet"
    NOT_SEEN_YET = "not_seen_yet"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True)
class Arms:
    """What the two arms are called: after a number, as a heading, and after "of the"."""

    nudged: str = "nudged"
    held_out: str = "held out"
    of_nudged: str = "of the nudged"
    of_held_out: str = "of the held out"
    helps: str = "helps"
    harms: str = "harms"
    small: str = "makes no difference that matters"


def arms_of_texts(first: str, other: str) -> Arms:
    """The arms of a text trial: the other text, and the first one."""
    return Arms(
        nudged=f"with text {other}",
        held_out=f"with text {first}",
        of_nudged=f"of those with text {other}",
        of_held_out=f"of those with text {first}",
        helps=f"{other} brings more back than {first}",
        harms=f"{other} brings fewer back than {first}",
        small=f"{other} and {first} make no difference that matters",
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial fixed beforehand."""

    share: float
    """Chance of being nudged; between two texts, of getting the other one."""
    horizon_days: int
    until: date
    """New people are enrolled before this day."""
    worth: float = 0.05
    """The smallest difference worth knowing of, as a difference of rates."""
    arms: Arms = Arms()

    @property
    def agreed_on(self) -> date:
        """The day for which the second reading was agreed: everybody has settled by then."""
        return self.until + timedelta(days=self.horizon_days + 1)


@dataclass(frozen=True, slots=True)
class Clusters:
    """A trial by chapter: the chapters of each arm, and the interval of `by_chapter`."""

    nudged: int
    held: int
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a trial on one day. People, once each."""

    on: date
    counts: tuple[int, int, int, int]
    """Those who settled: nudged and came back, nudged and did not, held out and came back, held out
    and did not."""
    enrolled: tuple[int, int]
    """Nudged and held out, settled or not. By chapter: chapters decide whether the assignment is
    broken."""
    weekly: float
    """People enrolled per week, over the last four weeks."""
    first_settles_on: date | None = None
    """The first day on which somebody has settled; None if nobody is enrolled."""
    misplaced: int = 0
    """People in another arm than the assignment says."""
    delivered: int = 0
    """Claims of people who are held out that were sent all the same."""
    failure: str | None = None
    """Why the outcome cannot be read."""
    settled_on: date | None = None
    """The last day on which somebody settled."""
    clusters: Clusters | None = None
    ended_on: date | None = None
    """The day on which the trial was ended before the agreed day, if so."""
    one_reading: bool = False
    """Whether all of alpha is for the reading that is right at any time; see `effect.many`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said."""

    word: Word
    text: str
    interval: tuple[float, float] | None = None
    """Nudged minus held out; None where no interval may be shown."""
