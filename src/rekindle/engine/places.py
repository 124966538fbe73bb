"""Looks up the names of organisations and chapters, for output."""

from collections.abc import Iterable

from rekindle.errors import DatabaseError
from rekindle.log import log
from rekindle.model import Place, PlaceNames
from rekindle.ports import Source


async def place_names(source: Source, places: Iterable[Place]) -> PlaceNames:
    """The names that the team's views give these places. If the views cannot be read, a warning is
    logged and no place has a name: no command fails because of a name."""
    try:
        return await source.place_names(places)
    except DatabaseError as fault:
        log.warning("places.unnamed", code=fault.code, message=fault.message)
        return PlaceNames()
