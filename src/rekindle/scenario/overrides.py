"""What holds for one organisation or chapter instead of for everybody, and how the one is laid
over the other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from rekindle.scenario.reach import Reach, Strict

FIXED = ("kind", "query", "file", "schedule", "priority", "critical", "uncertain")
"""What a scenario is, and its rank among others: one statement decides about everybody."""

Table = dict[str, Any]
Mistake = tuple[tuple[int | str, ...], str, str]
"""Where, of which type, and what."""


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(f"{text[:80]!r} is not an id; it is a UUID, as in the recipient view") from None


Id = Annotated[str, AfterValidator(_id)]


class Override(Strict):
    """What is different for the people of an organisation, or of one of its chapters: every key
    that differs from the scenario's own, those that a chapter has from its organisation among
    them."""

    organisation_id: Id
    chapter_id: Id | None = None
    changes: Table

    @property
    def place(self) -> str:
        """Whose it is, as the configuration names it."""
        return f"organisation.{self.organisation_id}" + (f".chapter.{self.chapter_id}" if self.chapter_id else "")


class Place(Strict):
    """The tables of a chapter: like those of the configuration itself, and laid over them."""

    policy: Reach = Reach()
    scenario: dict[str, Table] = Field(default_factory=dict)


class Organisation(Place):
    """The tables of an organisation, and of its chapters."""

    chapter: dict[Id, Place] = Field(default_factory=dict)


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Table:
    """What `above` says, and else what `below` does; tables are laid over each other key by key."""
    merged = dict(below)
    for key, value in above.items():
        merged[key] = laid_over(table(merged.get(key)), table(value)) if _is_table(value) else value
    return merged


def only(whole: Mapping[str, Any], asked: Mapping[str, Any]) -> Table:
    """What `asked` has keys for, table by table, as `whole` writes it; what is not there, as it
    was asked."""
    found: Table = {}
    for key, value in asked.items():
        there = whole.get(key, value)
        found[key] = only(table(there), table(value)) if _is_table(there) else there
    return found


def overrides_of(name: str, organisations: Mapping[str, Any]) -> Iterator[Table]:
    """The overrides of one scenario, out of the [organisation] tables as they were read: the
    nearest place wins, and in a place what is said for the scenario. A table that is none says
    nothing here, nor does an id that is none; such a mistake is reported elsewhere."""
    for organisation_id, one in organisations.items():
        organisation = table(one)
        if not _is_id(organisation_id):
            continue
        above = _said(name, organisation)
        if above:
            yield {"organisation_id": organisation_id, "changes": above}
        for chapter_id, chapter in table(organisation.get("chapter")).items():
            if (said := _said(name, table(chapter))) and _is_id(chapter_id):
                changes = laid_over(above, said)
                yield {"organisation_id": organisation_id, "chapter_id": chapter_id, "changes": changes}


def strangers(names: Sequence[str], organisations: Mapping[str, Any]) -> Iterator[Mistake]:
    """Scenarios that organisations and chapters name and that there are not, and places that are
    named twice."""
    seen: set[str] = set()
    for organisation_id, one in organisations.items():
        organisation = table(one)
        chapters = table(organisation.get("chapter"))
        places = [(("organisation", organisation_id), organisation)]
        places += [(("organisation", organisation_id, "chapter", key), table(chapters[key])) for key in chapters]
        for where, place in places:
            if (spelt := ".".join(where).lower()) in seen:
                yield where, "twice", "stands here twice"
            seen.add(spelt)
            for name in table(place.get("scenario")):
                if name not in names:
                    yield (*where, "scenario", name), "unknown_scenario", "there is no scenario of that name"


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The keys in which two stored definitions differ, as the configuration names them; what
    they say stays out."""
    return sorted(_changed("", _by_place(before), _by_place(after)))


def _by_place(definition: Mapping[str, Any]) -> Table:
    """A definition with its overrides in tables of their places, so that each is compared with
    itself."""
    flat = {key: value for key, value in definition.items() if key != "overrides"}
    overrides = [Override.model_validate(one) for one in definition.get("overrides", ())]
    return flat | {one.place: one.changes for one in overrides}


def _changed(path: str, before: Table, after: Table) -> Iterator[str]:
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if _is_table(old) or _is_table(new):
            yield from _changed(f"{path}{key}.", table(old), table(new))
        elif old != new:
            yield f"{path}{key}"


def sound(policy: Table) -> Table:
    """A policy, if it can be one; its mistakes are reported where it stands and not for each
    scenario again."""
    try:
        Reach.model_validate(policy)
    except ValidationError:
        return {}
    return policy


def mistakes(fault: ValidationError) -> list[Mistake]:
    """What a validation found."""
    found = fault.errors(include_url=False, include_input=False)
    return [(tuple(one["loc"]), one["type"], one["msg"].removeprefix("Value error, ")) for one in found]


def fault_of(title: str, found: Sequence[Mistake]) -> ValidationError:
    """One validation error of many mistakes, out of several validations."""
    # The text is a value and not the template: it may quote braces.
    lines: list[InitErrorDetails] = [
        {"type": PydanticCustomError(cast("Any", kind), "{message}", {"message": message}), "loc": where, "input": None}
        for where, kind, message in found
    ]
    return ValidationError.from_exception_data(title, lines)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def table(value: object) -> Table:
    """The same if it is a table, else an empty one."""
    return cast("Table", value) if isinstance(value, dict) else {}


def _is_id(text: str) -> bool:
    try:
        return bool(_id(text))
    except ValueError:
        return False


def _said(name: str, place: Table) -> Table:
    return laid_over(sound(table(place.get("policy"))), table(table(place.get("scenario")).get(name)))
