"""Shows organisations and chapters by name and id."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from rekindle.app import Engine
from rekindle.model import Place, PlaceNames

_SHORT_CHARS = 8


class Places:
    """The organisations and chapters of one output, with their names."""

    def __init__(self, names: PlaceNames, shown: Iterable[Place]) -> None:
        self.names = names
        ids = {id_ for place in shown for id_ in (place.organisation_id, place.chapter_id) if id_ is not None}
        self._beginnings = Counter(str(id_)[:_SHORT_CHARS] for id_ in ids)

    def organisation(self, organisation_id: UUID, *, whole: bool = False) -> str:
        """Its name, and in brackets the beginning of its id: all of it if `whole`, or if another id
        of this output begins alike. Only the id if it has no name."""
        return self._text(organisation_id, self.names.organisations.get(organisation_id), whole=whole)

    def optional(self, organisation_id: UUID | None) -> str:
        """The organisation as in a cell of a table; `-` if there is none."""
        return "-" if organisation_id is None else self.organisation(organisation_id)

    def place(self, place: Place) -> str:
        """The organisation and the chapter, in words. Empty if there is neither."""
        parts: list[str] = []
        organisation_name, chapter_name = self.names.of(place)
        if place.organisation_id is not None:
            kind = "" if organisation_name else "organisation "
            parts.append(kind + self._text(place.organisation_id, organisation_name))
        if place.chapter_id is not None:
            parts.append("chapter " + self._text(place.chapter_id, chapter_name))
        return ", ".join(parts)

    def _text(self, id_: UUID, name: str | None, *, whole: bool = False) -> str:
        if name is None:
            return str(id_)
        beginning = str(id_)[:_SHORT_CHARS]
        return f"{name} ({id_})" if whole or self._beginnings[beginning] > 1 else f"{name} ({beginning}…)"


async def places(engine: Engine, shown: Iterable[Place]) -> Places:
    """Look up the names of all places of one output, in one statement."""
    found = set(shown)
    return Places(await engine.place_names(found), found)
