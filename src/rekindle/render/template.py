"""The syntax of a text: named fields, plural forms and dates, as in ICU MessageFormat, and nothing
else.

    text   = (characters | "{{" | "}}" | field)*
    field  = "{" name "}" | date | "{" name ", plural, " (selector "{" form "}")+ "}"
    date   = "{" name ", date" [", " length] "}"
    form   = (characters | "#" | "{" name "}" | date)*

Of MessageFormat these are `plural` (without offset) and `date`. Every piece of a text is read once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from rekindle.errors import TemplateInvalid

MAX_TEMPLATE_CHARS = 4_000

Length = Literal["short", "medium", "long", "full"]
LENGTHS: tuple[Length, ...] = ("short", "medium", "long", "full")
Need = Literal["number", "date"]
CATEGORIES = ("zero", "one", "two", "few", "many", "other")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EXACT = re.compile(r"=(0|[1-9][0-9]{0,8})", re.ASCII)
_PIECE = re.compile(r"[{}]|[^{}]+")
_DOUBLE_BRACES = "Write {{ and }} for braces."


@dataclass(frozen=True, slots=True)
class Field:
    """A variable, shown unchanged."""

    name: str


@dataclass(frozen=True, slots=True)
class DateField:
    """A variable that is a date, written in the reader's language."""

    name: str
    length: Length


@dataclass(frozen=True, slots=True)
class Count:
    """`#`: the number that selected the plural form around it."""

    name: str


Part = str | Field | DateField | Count


@dataclass(frozen=True, slots=True)
class Plural:
    """A variable that is a number. It selects the form for exactly this number, else the form for
    the number's category in the reader's language."""

    name: str
    exact: tuple[tuple[int, tuple[Part, ...]], ...]
    forms: tuple[tuple[str, tuple[Part, ...]], ...]


Template = tuple[Part | Plural, ...]


@lru_cache(maxsize=1_024)
def parse(text: str) -> Template:
    """The parts of a text, in order.

    Raises:
        TemplateInvalid: the text is too long, a brace is not closed, or a field is not one of the
            three.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateInvalid(f"the text is longer than {MAX_TEMPLATE_CHARS} characters")
    return _Parser(text).text()


def variables_in(text: str) -> frozenset[str]:
    """The names of all fields of a text.

    Raises:
        TemplateInvalid: as `parse`.
    """
    return frozenset(name for name, _ in _uses(parse(text)))


def needs(text: str) -> dict[str, frozenset[Need]]:
    """The types that the text needs for each of its variables, besides a value.

    Raises:
        TemplateInvalid: as `parse`.
    """
    found: dict[str, set[Need]] = {}
    for name, need in _uses(parse(text)):
        found.setdefault(name, set()).update([need] if need else [])
    return {name: frozenset(uses) for name, uses in found.items()}


def always_needs(text: str) -> dict[str, frozenset[Need]]:
    """As `needs`, but only of the variables that the text shows to every reader: not those that
    only some forms of a plural name.

    Raises:
        TemplateInvalid: as `parse`.
    """
    found: dict[str, set[Need]] = {}
    for name, need in _certain_uses(parse(text)):
        found.setdefault(name, set()).update([need] if need else [])
    return {name: frozenset(uses) for name, uses in found.items()}


def _certain_uses(parts: Template) -> Iterator[tuple[str, Need | None]]:
    for part in parts:
        if isinstance(part, Plural):
            yield part.name, "number"
            yield from set[tuple[str, Need | None]].intersection(
                *(set(_uses(form)) for _, form in (*part.exact, *part.forms))
            )
        else:
            yield from _uses((part,))


def shows_only(text: str) -> frozenset[str]:
    """The variables of a text that consists of plain fields and blanks: if all of them are blank,
    so is the text. Empty if the text has anything else.

    Raises:
        TemplateInvalid: as `parse`.
    """
    parts = [part for part in parse(text) if not (isinstance(part, str) and not part.strip())]
    return (
        frozenset(part.name for part in parts if isinstance(part, Field))
        if all(isinstance(part, Field) for part in parts)
        else frozenset()
    )


def _uses(parts: Template) -> Iterator[tuple[str, Need | None]]:
    for part in parts:
        match part:
            case Field(name):
                yield name, None
            case DateField(name):
                yield name, "date"
            case Count(name):
                yield name, "number"
            case Plural(name):
                yield name, "number"
                for _, form in (*part.exact, *part.forms):
                    yield from _uses(form)
            case _:
                continue


class _Parser:
    """Reads one text from left to right, never backwards."""

    def __init__(self, text: str) -> None:
        self._pieces = cast("list[str]", _PIECE.findall(text))
        self._at = 0

    def _next(self) -> str:
        """Take the next piece; empty at the end."""
        piece = self._pieces[self._at] if self._at < len(self._pieces) else ""
        self._at += 1
        return piece

    def _doubled(self, brace: str) -> bool:
        """Whether the brace just taken is followed by the same brace; if so, that one is taken
        too."""
        if self._at < len(self._pieces) and self._pieces[self._at] == brace:
            self._at += 1
            return True
        return False

    def text(self) -> Template:
        parts: list[Part | Plural] = []
        while piece := self._next():
            if piece not in "{}" or self._doubled(piece):
                parts.append(piece)
            elif piece == "{":
                parts.append(self._field(plural=True))
            else:
                raise TemplateInvalid("a } has no {", hint=_DOUBLE_BRACES)
        return tuple(parts)

    def _field(self, *, plural: bool) -> Part | Plural:
        head = self._next()
        if head in ("{", "}"):
            raise TemplateInvalid("{} is not a plain variable name", hint=_DOUBLE_BRACES)
        end = self._next()
        name, *rest = head.split(",")
        words = [word.strip() for word in rest]
        if end == "}" and (not words or words[0] == "date"):
            return _simple(head, name, words)
        if words[:1] == ["plural"]:
            if not plural:
                raise TemplateInvalid(f"{{{head[:60]}… is inside a form of another plural", hint="Put it outside.")
            if end == "{" and len(words) == 2:
                return self._plural(_checked(name, head), words[1])
            raise TemplateInvalid(
                f"{{{head[:60]}}} has no forms", hint="Write {days, plural, one {# day} other {# days}}."
            )
        if not end:
            raise TemplateInvalid("a { is not closed", hint=_DOUBLE_BRACES)
        raise _no_field(head)

    def _plural(self, name: str, selector: str) -> Plural:
        exact: dict[int, tuple[Part, ...]] = {}
        forms: dict[str, tuple[Part, ...]] = {}
        while True:
            match = _EXACT.fullmatch(selector)
            if match is None and selector not in CATEGORIES:
                raise TemplateInvalid(
                    f"{selector[:40]!r} is not a valid plural form of {name}",
                    hint=f"Use {', '.join(CATEGORIES)}, or =0.",
                )
            if selector in forms or (match is not None and int(match[1]) in exact):
                raise TemplateInvalid(f"the plural of {name} has the form {selector} twice")
            if match is not None:
                exact[int(match[1])] = self._form(name)
            else:
                forms[selector] = self._form(name)
            between = self._next()
            if between not in ("{", "}"):
                selector, between = between.strip(), self._next()
            else:
                selector = ""
            if between == "}" and not selector:
                break
            if between != "{":
                raise TemplateInvalid(f"the plural of {name} is not closed", hint="Write each form in braces.")
        if "other" not in forms:
            raise TemplateInvalid(f"the plural of {name} has no form `other`", hint="Add other {…}.")
        return Plural(name, tuple(exact.items()), tuple(forms.items()))

    def _form(self, name: str) -> tuple[Part, ...]:
        parts: list[Part] = []
        while (piece := self._next()) != "}":
            if not piece:
                raise TemplateInvalid(f"the plural of {name} is not closed", hint="Write each form in braces.")
            if piece == "{":
                parts.append(cast("Part", self._field(plural=False)))
                continue
            first, *more = piece.split("#")
            parts.append(first)
            for literal in more:
                parts += [Count(name), literal]
        return tuple(part for part in parts if part != "")


def _simple(head: str, name: str, words: list[str]) -> Part:
    if not words:
        return Field(_checked(name, head))
    length = words[1] if len(words) == 2 else "medium" if len(words) == 1 else ""
    if length not in LENGTHS:
        raise TemplateInvalid(
            f"{{{head[:60]}}} has no valid length", hint=f"The lengths of a date are {', '.join(LENGTHS)}."
        )
    return DateField(_checked(name, head), length)


def _checked(name: str, head: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise _no_field(head)
    return name


def _no_field(head: str) -> TemplateInvalid:
    return TemplateInvalid(
        f"{{{head[:60]}}} is not a plain variable name",
        hint="A field is a lower-case name such as {first_name}, without dots, brackets or formats; "
        "{expires_on, date}; or {days, plural, one {# day} other {# days}}.",
    )
