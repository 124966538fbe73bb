"""What applies to one organisation or chapter instead of to everybody, and how the two are
merged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from rekindle.model import Place
from rekindle.scenario.reach import Reach, Strict

FIXED = (
    "kind",
    "of",
    "query",
    "file",
    "on",
    "still_due",
    "still_due_file",
    "key",
    "schedule",
    "schedule_timezone",
    "priority",
    "critical",
    "uncertain",
    "digest",
    "outcome",
    "trial",
    "text_trial",
    "was",
)
"""The keys that define a scenario and its rank. They are the same for everybody, because one
statement decides about everybody."""

Table = dict[str, Any]
Mistake = tuple[tuple[int | str, ...], str, str]
"""Where it is, its type, and the message."""


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("is not an id; it is a UUID, as in the recipient view") from None


Id = Annotated[str, AfterValidator(_id)]


class Override(Strict):
    """The keys that differ for the people of an organisation, or of one of its chapters. A
    chapter's override includes what it inherits from its organisation."""

    organisation_id: Id
    chapter_id: Id | None = None
    changes: Table

    @property
    def place(self) -> Place:
        """The organisation or chapter that it applies to."""
        return Place(UUID(self.organisation_id), UUID(self.chapter_id) if self.chapter_id else None)

    @property
    def path(self) -> str:
        """Its table in the configuration."""
        return f"organisation.{self.organisation_id}" + (f".chapter.{self.chapter_id}" if self.chapter_id else "")


class Chapter(Strict):
    """The tables of a chapter. They have the form of those of the configuration, and are merged
    over them."""

    policy: Reach = Reach()
    scenario: dict[str, Table] = Field(default_factory=dict)


class Organisation(Chapter):
    """The tables of an organisation, and of its chapters."""

    chapter: dict[Id, Chapter] = Field(default_factory=dict)


def deep_merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> Table:
    """`below` with the values of `above` over it. Tables are merged key by key, recursively."""
    merged = dict(below)
    for key, value in above.items():
        merged[key] = deep_merge(as_table(merged.get(key)), as_table(value)) if _is_table(value) else value
    return merged


def pick(whole: Mapping[str, Any], asked: Mapping[str, Any]) -> Table:
    """The part of `whole` whose keys appear in `asked`, recursively. Keys missing from `whole` are
    taken from `asked`."""
    found: Table = {}
    for key, value in asked.items():
        there = whole.get(key, value)
        found[key] = pick(as_table(there), as_table(value)) if _is_table(there) else there
    return found


def overrides_of(name: str, organisations: Mapping[str, Any]) -> Iterator[Table]:
    """The overrides of one scenario, from the raw [organisation] tables. The nearest place wins;
    within a place, the scenario's table wins over the policy.

    A value that should be a table and is not one counts as empty here, and an id that is not valid
    is skipped. Other code reports these mistakes.
    """
    for organisation_id, one in organisations.items():
        organisation = as_table(one)
        if not _is_id(organisation_id):
            continue
        above = _changes_at(name, organisation)
        if above:
            yield {"organisation_id": organisation_id, "changes": above}
        for chapter_id, chapter in as_table(organisation.get("chapter")).items():
            if (said := _changes_at(name, as_table(chapter))) and _is_id(chapter_id):
                changes = deep_merge(above, said)
                yield {"organisation_id": organisation_id, "chapter_id": chapter_id, "changes": changes}


def unknown_places(names: Sequence[str], organisations: Mapping[str, Any]) -> Iterator[Mistake]:
    """The mistakes in the names of places: an organisation or a chapter names a scenario that does
    not exist, or a place is named twice."""
    seen: set[str] = set()
    for organisation_id, one in organisations.items():
        organisation = as_table(one)
        chapters = as_table(organisation.get("chapter"))
        places = [(("organisation", organisation_id), organisation)]
        places += [(("organisation", organisation_id, "chapter", key), as_table(chapters[key])) for key in chapters]
        for where, place in places:
            if (spelt := ".".join(where).lower()) in seen:
                yield where, "twice", "appears twice"
            seen.add(spelt)
            for name in as_table(place.get("scenario")):
                if name not in names:
                    yield (*where, "scenario", name), "unknown_scenario", "there is no scenario with that name"


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The keys in which two stored definitions differ, as the configuration names them. Their
    values are not included."""
    return list(changed_values(before, after))


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The keys in which two stored definitions differ, in order, each with its value before and
    after; None: it is absent."""
    return dict(sorted(_changed("", _by_place(before), _by_place(after)), key=lambda one: one[0]))


def _by_place(definition: Mapping[str, Any]) -> Table:
    """A definition whose overrides are in tables by place, so that each is compared with itself."""
    flat = {key: value for key, value in definition.items() if key != "overrides"}
    overrides = [Override.model_validate(one) for one in definition.get("overrides", ())]
    return flat | {one.path: one.changes for one in overrides}


def _changed(path: str, before: Table, after: Table) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if _is_table(old) or _is_table(new):
            yield from _changed(f"{path}{key}.", as_table(old), as_table(new))
        elif old != new:
            yield f"{path}{key}", (old, new)


def valid_policy_or_empty(policy: Table) -> Table:
    """The policy if it is valid, else an empty one. Its mistakes are reported once, at the policy,
    and not again for each scenario."""
    try:
        Reach.model_validate(policy)
    except ValidationError:
        return {}
    return policy


def mistakes(fault: ValidationError) -> list[Mistake]:
    """The mistakes that a validation found."""
    found = fault.errors(include_url=False, include_input=False)
    return [(tuple(one["loc"]), one["type"], one["msg"].removeprefix("Value error, ")) for one in found]


def fault_of(title: str, found: Sequence[Mistake]) -> ValidationError:
    """One validation error from the mistakes of several validations."""
    # The text is a value and not the template: it may quote braces.
    lines: list[InitErrorDetails] = [
        {"type": PydanticCustomError(cast("Any", kind), "{message}", {"message": message}), "loc": where, "input": None}
        for where, kind, message in found
    ]
    return ValidationError.from_exception_data(title, lines)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def as_table(value: object) -> Table:
    """The value if it is a table, else an empty table."""
    return cast("Table", value) if isinstance(value, dict) else {}


def _is_id(text: str) -> bool:
    try:
        return bool(_id(text))
    except ValueError:
        return False


def _changes_at(name: str, place: Table) -> Table:
    policy = valid_policy_or_empty(as_table(place.get("policy")))
    return deep_merge(policy, as_table(as_table(place.get("scenario")).get(name)))
