"""The parts of a text, and what they need of a person's variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Length = Literal["short", "medium", "long", "full"]
LENGTHS: tuple[Length, ...] = ("short", "medium", "long", "full")
TIME_LENGTHS: tuple[Length, ...] = ("short", "medium")
"""The longer ones write the name of the time zone, which the reader has no use for."""
Need = Literal["number", "date", "time", "list"]
CATEGORIES = ("zero", "one", "two", "few", "many", "other")
NUMBER_STYLES = ("integer", "percent")


@dataclass(frozen=True, slots=True)
class Field:
    """A variable, shown unchanged."""

    name: str


@dataclass(frozen=True, slots=True)
class NumberField:
    """A variable that is a number, written in the reader's language. `style` is empty, `integer`,
    `percent`, or the code of a currency such as `NOK`."""

    name: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class DateField:
    """A variable that is a date or an instant: its day, written in the reader's language."""

    name: str
    length: Length


@dataclass(frozen=True, slots=True)
class TimeField:
    """A variable that is an instant: its time of day where the person lives."""

    name: str
    length: Length


@dataclass(frozen=True, slots=True)
class Count:
    """`#`: the number that selected the plural form around it, less the plural's offset."""

    name: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Plural:
    """A variable that is a number. It selects the form for exactly this number, else the form for
    the category of the number less `offset` in the reader's language: of a count, or of a rank if
    it is `ordinal`."""

    name: str
    exact: "tuple[tuple[int, Template], ...]"
    forms: "tuple[tuple[str, Template], ...]"
    offset: int = 0
    ordinal: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """A variable that selects the form with the name that is its value, else the form `other`, also
    if it is null."""

    name: str
    forms: "tuple[tuple[str, Template], ...]"


@dataclass(frozen=True, slots=True)
class ListField:
    """A variable that is a list of texts and numbers, written as an enumeration in the reader's
    language. `rest` is the last item of it, unless its number is 0."""

    name: str
    rest: Plural | None = None


Part = str | Field | NumberField | DateField | TimeField | ListField | Count | Plural | Select
Template = tuple[Part, ...]
Use = tuple[str, Need | None]


def forms_of(part: Plural | Select) -> list[Template]:
    """The forms of a part, one of which is shown."""
    exact = part.exact if isinstance(part, Plural) else ()
    return [form for _, form in (*exact, *part.forms)]


def every_part(parts: Template) -> Iterator[Part]:
    """The parts of a text, and those inside of forms."""
    for part in parts:
        yield part
        if isinstance(part, ListField) and part.rest is not None:
            yield from every_part((part.rest,))
        if isinstance(part, Plural | Select):
            for form in forms_of(part):
                yield from every_part(form)


def uses(parts: Template) -> Iterator[Use]:
    """Each variable that the text names, and the type that it needs there."""
    for part in every_part(parts):
        if not isinstance(part, str):
            yield part.name, _need(part)


def certain_uses(parts: Template) -> Iterator[Use]:
    """As `uses`, but only of the variables that the text shows to every reader: not those that only
    some forms name. What selects a form by its name may be null."""
    for part in parts:
        if not isinstance(part, str | Select):
            yield part.name, _need(part)
        if isinstance(part, ListField) and part.rest is not None:
            yield part.rest.name, _need(part.rest)
        if isinstance(part, Plural | Select):
            yield from set[Use].intersection(*(set(certain_uses(form)) for form in forms_of(part)))


def by_name(found: Iterator[Use]) -> Mapping[str, frozenset[Need]]:
    """The types that are needed of each variable."""
    needs: dict[str, set[Need]] = {}
    for name, need in found:
        needs.setdefault(name, set()).update([need] if need else [])
    return {name: frozenset(one) for name, one in needs.items()}


def _need(part: Part) -> Need | None:
    match part:
        case NumberField() | Count() | Plural():
            return "number"
        case DateField():
            return "date"
        case TimeField():
            return "time"
        case ListField():
            return "list"
        case _:
            return None
