"""What became of the pushes of some time, as a coordinator reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlaceSummary:
    """One scenario in one organisation."""

    scenario_type: str
    organisation_id: UUID | None
    reached: int
    """People, once each."""
    records: int
    """Claims that a provider accepted: a person may have several."""
    pushes: int
    """Devices that accepted."""
    opened: int | None
    """Records whose push the team's app says was opened; None if the team has no view of that."""
    horizon_days: int | None
    """The days within which people should come back; None while nothing is known."""
    looked_back: int
    """Records whose horizon is over."""
    came_back: int
    """Of these, how many were followed by an activity within the horizon: a base rate."""
    opted_out: int
    """Of these, how many people had opted out by the end of the horizon."""
    unknown: int
    """Sends whose outcome is unknown."""
    dead_tokens: int
    """Devices whose token a push proved dead."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The pushes since a moment. `refusals`: by scenario, how often people who were due were not
    claimed, by reason. Each run counts them again, and they are not known per organisation, so
    there are none for a reader that is limited to some."""

    since: datetime
    at: datetime
    places: Sequence[PlaceSummary]
    refusals: Mapping[str, Mapping[str, int]]

    @property
    def knows_opened(self) -> bool:
        """Whether the team says which pushes were opened."""
        return any(one.opened is not None for one in self.places)


@dataclass(frozen=True, slots=True)
class Reached:
    """People reached on each day, by scenario, in order of name. `days` are the instants at which
    the days begin, and the end of the last one. `whole`: the first day that is counted in full;
    earlier ones have too many records."""

    days: Sequence[datetime]
    people: Mapping[str, Sequence[int]]
    whole: int = 0

    def on(self, day: int) -> int:
        """People of all scenarios on one day. Somebody who was reached under two counts twice."""
        return sum(counts[day] for counts in self.people.values())
