"""What a reader may choose on the pages that are lists: an organisation, and a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from rekindle.access import Actor
from rekindle.api.asked import seen
from rekindle.app import Engine
from rekindle.model import Place
from rekindle.ports import Filter

MOST_ORGANISATIONS = 200
_NOBODYS = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The organisation that a page is asked for, and how to ask for another."""

    filter: Filter
    """The rows of it that the reader sees."""
    text: str
    """As it was asked for."""
    offered: Sequence[tuple[str, str]] | None
    """The ids and names of a limited reader, or none if there is no choice. None: a reader of all
    organisations types an id."""
    mistake: str

    @property
    def choice(self) -> bool:
        """Whether the reader may choose another one."""
        return self.offered is None or bool(self.offered)


async def chosen(engine: Engine, request: Request, actor: Actor) -> Chosen:
    """What a request asks for.

    Raises:
        NotFound: it is not an organisation of the reader.
    """
    text = request.query_params.get("organisation", "").strip()
    organisation, mistake = None, ""
    if text:
        try:
            organisation = UUID(text)
        except ValueError:
            organisation = _NOBODYS
            mistake = f"{text[:40]} is not the id of an organisation."
    rows = seen(actor, organisation)
    if actor.organisations is None:
        return Chosen(rows, text, None, mistake)
    mine = sorted(actor.organisations)[:MOST_ORGANISATIONS] if len(actor.organisations) > 1 else []
    names = await engine.place_names(Place(one) for one in mine)
    return Chosen(rows, text, [(str(one), names.organisations.get(one) or str(one)) for one in mine], mistake)


async def names_of_scenarios(engine: Engine, further: str | None) -> list[str]:
    """The names to choose from: the scenarios in force, and one that is retired."""
    found = {one.applied.scenario_type for one in await engine.scenarios()}
    return sorted(found | ({further} if further else set()))
