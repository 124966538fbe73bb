"""Organisations and chapters, their names, and the switches that stop them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation, or one of its chapters. Both are None for a person who belongs to none."""

    organisation_id: UUID | None
    chapter_id: UUID | None = None


NOWHERE = Place(None)
"""The place of a person who belongs to no organisation."""


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """The names of organisations and of chapters, by id. Each is one printable line. A place
    without a name, or that no view has, is absent."""

    organisations: Mapping[UUID, str] = field(default_factory=dict[UUID, str])
    chapters: Mapping[UUID, str] = field(default_factory=dict[UUID, str])

    def of(self, place: Place) -> tuple[str | None, str | None]:
        """The name of its organisation, and that of its chapter."""
        organisation = None if place.organisation_id is None else self.organisations.get(place.organisation_id)
        return organisation, None if place.chapter_id is None else self.chapters.get(place.chapter_id)


@dataclass(frozen=True, slots=True)
class Names(PlaceNames):
    """The names of places; and of people, by user_id, the external_ids, and the names if they were
    asked for. A person without one is absent."""

    people: Mapping[UUID, str] = field(default_factory=dict[UUID, str])
    called: Mapping[UUID, str] = field(default_factory=dict[UUID, str], repr=False)


Turned = Literal["on", "off"]


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that an operator has turned off, or on again. None means every scenario, or every
    organisation."""

    scenario_type: str | None
    organisation_id: UUID | None
    turned: Turned
    reason: str | None
    switched_at: datetime
    switched_by: str
