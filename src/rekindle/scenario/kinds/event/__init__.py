"""People who have an event that begins soon: a shift, an appointment."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rekindle.policy import duration, parse_duration
from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.kinds.keys import distinct
from rekindle.scenario.spoken import again, span
from rekindle.scenario.texts import INSTANT, NUMBER, Variable
from rekindle.scenario.views import EVENT, Columns

LONGEST_SECONDS = 90 * 86_400
"""The earliest threshold. A prune forgets the occurrences of an event this long after it began
(useless.sql): it cannot be moved so that one of them would count."""


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _whole_minutes(seconds: int) -> int:
    if seconds % 60:
        raise ValueError("is not a whole number of minutes; write it as 90m, 24h or 3d")
    return seconds


Before = Annotated[
    list[Annotated[int, BeforeValidator(_seconds), Field(ge=60, le=LONGEST_SECONDS), AfterValidator(_whole_minutes)]],
    Field(min_length=1, max_length=20),
    AfterValidator(distinct),
]


class Event(ScenarioKind):
    """Due when an event begins within a threshold, to the second, and has not begun. Each event and
    threshold counts once, and only the most urgent one. Nothing is sent once it has begun."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "event": Variable(),
        "event_id": Variable(),
        "starts_at": Variable(INSTANT, 32),
        "hours_left": Variable(NUMBER, 4),
        "minutes_left": Variable(NUMBER, 6),
    }
    several: ClassVar[bool] = True
    item: ClassVar[str | None] = "event"
    last_look: ClassVar[frozenset[str]] = frozenset({"event"})
    ends: ClassVar[bool] = True
    without_day: ClassVar[str] = "nothing that is past is due by this kind; leave this key out"

    kind: Literal["event"]
    before: Before
    key: Literal["day", "occurrence"] = "occurrence"

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"event": EVENT}

    def thresholds(self) -> list[int]:
        """The seconds before the event begins."""
        return self.before

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {"longest_seconds": max(one.before[-1] for one in self.variants())}

    def remembered_days(self) -> int:
        """See `ScenarioKind.remembered_days`. An event that moves by less than the threshold is the
        same occasion."""
        return 2 * (self.before[-1] // 86_400 + 1)

    def cautions(self) -> Iterator[str]:
        """See `ScenarioKind.cautions`."""
        shortest, interval = min(one.before[0] for one in self.variants()), self.interval_seconds()
        cooldown = max(one.cooldown for one in self.variants())
        if cooldown >= shortest:
            yield (
                f"a cooldown of {duration(cooldown)} is not shorter than the threshold {duration(shortest)}: after a "
                f"push, there is none about another event that begins within {duration(cooldown)}"
            )
        if interval is not None and interval > shortest:
            yield (
                f"its schedule begins a run every {duration(interval)}, and the threshold {duration(shortest)} may "
                "pass in between; begin runs more often"
            )

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        near = again([f"within {span(one)}" for one in reversed(self.before)])
        return f"People who have an event that begins {near}. Each event and threshold once, never after it began."

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        thresholds = f"the thresholds are {', '.join(map(duration, facts['thresholds']))}"
        if "event_id" not in facts:
            return f"no event ahead; {thresholds}"
        return (
            f"event {facts['event_id']}, the next of {facts['events']}, begins at {facts['starts_at']} "
            f"(in {facts['minutes_left']:,} minutes); {thresholds}"
        )
