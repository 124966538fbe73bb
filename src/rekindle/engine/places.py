"""Looks up the names of organisations, chapters and people, for output."""

from collections.abc import Awaitable, Collection, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from rekindle.errors import DatabaseError, SourceError
from rekindle.log import log
from rekindle.model import Names, Place, PlaceNames
from rekindle.ports import Source


async def place_names(source: Source, places: Iterable[Place]) -> PlaceNames:
    """The names that the team's views give these places. If the views cannot be read, a warning is
    logged and no place has a name: no command fails because of a name."""
    try:
        return await source.place_names(places)
    except (DatabaseError, SourceError) as fault:
        log.warning("places.unnamed", code=fault.code, message=fault.message)
        return PlaceNames()


async def names(source: Source, places: Iterable[Place], people: Collection[UUID]) -> Names:
    """The names of these places, and the external_ids of these people. Those that cannot be read
    are left out, as `place_names` does."""
    found = await place_names(source, places)
    return Names(found.organisations, found.chapters, await _of_people(source.external_ids(people)))


async def shown_names(
    source: Source, places: Iterable[Place], people: Collection[UUID], *, sees: Collection[UUID] | None
) -> Names:
    """The same, with the names of those people who are recipients of the organisations that the
    reader sees (None: of any)."""
    found = await names(source, places, people)
    return replace(found, called=await _of_people(source.people_names(people, sees=sees)))


async def _of_people(found: Awaitable[Mapping[UUID, str]]) -> Mapping[UUID, str]:
    try:
        return await found
    except (DatabaseError, SourceError) as fault:
        log.warning("people.unnamed", code=fault.code, message=fault.message)
        return {}
