"""What a text needs and shows of its variables, found by its parts."""

from rekindle.render.parts import (
    NUMBER_STYLES,
    Field,
    Need,
    NumberField,
    Plural,
    by_name,
    certain_uses,
    every_part,
    uses,
)
from rekindle.render.syntax import parse


def variables_in(text: str) -> frozenset[str]:
    """The names of all variables of a text.

    Raises:
        TemplateInvalid: as `parse`.
    """
    return frozenset(name for name, _ in uses(parse(text)))


def needs(text: str) -> dict[str, frozenset[Need]]:
    """The types that the text needs for each of its variables, besides a value.

    Raises:
        TemplateInvalid: as `parse`.
    """
    return dict(by_name(uses(parse(text))))


def always_needs(text: str) -> dict[str, frozenset[Need]]:
    """As `needs`, but only of the variables that every reader's text needs; see
    `rekindle.render.parts.certain_uses`.

    Raises:
        TemplateInvalid: as `parse`.
    """
    return dict(by_name(certain_uses(parse(text))))


def plurals(text: str) -> list[Plural]:
    """Every plural of a text.

    Raises:
        TemplateInvalid: as `parse`.
    """
    return [part for part in every_part(parse(text)) if isinstance(part, Plural)]


def currencies(text: str) -> list[str]:
    """The codes of the currencies of a text.

    Raises:
        TemplateInvalid: as `parse`.
    """
    styles = (part.style for part in every_part(parse(text)) if isinstance(part, NumberField))
    return [style for style in styles if style and style not in NUMBER_STYLES]


def not_plain(text: str) -> list[str]:
    """The variables of a text that are not shown unchanged, in order of name.

    Raises:
        TemplateInvalid: as `parse`.
    """
    return sorted({part.name for part in parse(text) if not isinstance(part, str | Field)})


def shows_only(text: str) -> frozenset[str]:
    """The variables of a text that consists of plain fields and blanks: if all of them are blank,
    so is the text. Empty if the text has anything else.

    Raises:
        TemplateInvalid: as `parse`.
    """
    parts = [part for part in parse(text) if not (isinstance(part, str) and not part.strip())]
    if not all(isinstance(part, Field) for part in parts):
        return frozenset()
    return frozenset(part.name for part in parts if isinstance(part, Field))
