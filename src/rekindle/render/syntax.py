"""The syntax of a text: a part of ICU MessageFormat, and nothing else.

    text   = (characters | quoted | field)*
    field  = "{" name "}"
           | "{" name ", number" [", " ("integer" | "percent" | "::currency/" code)] "}"
           | "{" name ", date" [", " length] "}"
           | "{" name ", time" [", " length] "}"
           | "{" name ", list" [", " plural] "}"
           | "{" plural "}"
           | "{" name ", selectordinal, " (selector "{" text "}")+ "}"
           | "{" name ", select, " (word "{" text "}")+ "}"
    plural = name ", plural, " ["offset:" number] (selector "{" text "}")+
    quoted = "'" before a brace, or before # in a plural, until the next "'"

Inside a plural, # is the number. Two apostrophes are one; any other apostrophe is itself. A text is
read once, from left to right.
"""

import re
from functools import lru_cache
from typing import Literal, cast

from rekindle.errors import TemplateInvalid
from rekindle.render.parts import (
    CATEGORIES,
    LENGTHS,
    NUMBER_STYLES,
    TIME_LENGTHS,
    Count,
    DateField,
    Field,
    Length,
    ListField,
    NumberField,
    Part,
    Plural,
    Select,
    Template,
    TimeField,
)

MAX_TEMPLATE_CHARS = 4_000
MAX_DEPTH = 4
"""How deep forms may be inside of each other."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
_EXACT = re.compile(r"=(0|[1-9][0-9]{0,8})", re.ASCII)
_OFFSET = re.compile(r"offset:([1-9][0-9]{0,8})\s+", re.ASCII)
_CURRENCY = re.compile(r"::currency/([A-Z]{3})", re.ASCII)
_HEAD = re.compile(r"[^{}]*")
_QUOTED = re.compile(r"(?:[^']|'')+'?")
_LITERAL = re.compile(r"[^{}'#]+|#")
_FORMS: dict[str, Literal["plural", "selectordinal", "select"]] = {
    "plural": "plural",
    "selectordinal": "selectordinal",
    "select": "select",
}
_BRACES = "Write '{' and '}' for braces."
_LIST = "Write {items, list}, or {items, list, more, plural, one {# more} other {# more}}."
_FIELD = (
    "A field is a lower-case name such as {first_name}, without dots and brackets; {expires_on, date}; "
    "{starts_at, time}; {hours, number}; {names, list}; {days, plural, one {# day} other {# days}}; or a select."
)


@lru_cache(maxsize=1_024)
def parse(text: str) -> Template:
    """The parts of a text, in order.

    Raises:
        TemplateInvalid: the text is too long, a brace or a quote is not closed, or a field is not
            one of those above.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateInvalid(f"the text is longer than {MAX_TEMPLATE_CHARS} characters")
    return _Parser(text).whole()


class _Parser:
    """Reads one text from left to right, never backwards. `counted` is what # means there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Template:
        parts = self._parts(None, depth=0)
        if self._at < len(self._text):
            raise TemplateInvalid("a } has no {", hint=_BRACES)
        return parts

    def _parts(self, counted: Count | None, *, depth: int) -> Template:
        """The parts until the end, or until a brace that closes more than was opened."""
        parts: list[Part] = []
        literal: list[str] = []
        while (sign := self._sign()) and sign != "}":
            if sign == "'":
                literal.append(self._apostrophe(counted))
                continue
            if sign != "{" and not (sign == "#" and counted):
                literal.append(self._taken(_LITERAL))
                continue
            self._at += 1
            parts += ["".join(literal)] if literal else []
            literal.clear()
            parts.append(counted if sign == "#" and counted else self._field(counted, depth=depth))
        return (*parts, "".join(literal)) if literal else tuple(parts)

    def _sign(self) -> str:
        """The next character, which is not taken; empty at the end."""
        return self._text[self._at : self._at + 1]

    def _taken(self, pattern: re.Pattern[str]) -> str:
        """Take the characters that match."""
        found = pattern.match(self._text, self._at)
        taken = found[0] if found else ""
        self._at += len(taken)
        return taken

    def _apostrophe(self, counted: Count | None) -> str:
        """What an apostrophe and the quoted characters after it mean."""
        self._at += 1
        following = self._sign()
        if following == "'":
            self._at += 1
            return "'"
        if not following or following not in ("{}#" if counted else "{}"):
            return "'"
        quoted = self._taken(_QUOTED)
        if not quoted.endswith("'"):
            raise TemplateInvalid(
                f"the quote that begins with '{following} is not closed", hint="End it with ', or write '' for one '."
            )
        return quoted[:-1].replace("''", "'")

    def _field(self, counted: Count | None, *, depth: int) -> Part:
        head = self._taken(_HEAD)
        end = self._sign()
        name, *rest = head.split(",")
        words = [word.strip() for word in rest]
        if end == "{" and words[:1] == ["list"] and len(words) == 4 and words[2] == "plural":
            head, listed, name, words = ",".join(rest[1:]), _checked(name, head), words[1], words[2:]
            return ListField(listed, cast("Plural", self._with_forms(head, name, words, end, counted, depth=depth)))
        if end == "}" and not (words and words[0] in _FORMS):
            self._at += 1
            return _simple(head, name, words)
        if words and words[0] in _FORMS:
            return self._with_forms(head, name, words, end, counted, depth=depth)
        if not end:
            raise TemplateInvalid("a { is not closed", hint=_BRACES)
        raise _no_field(head)

    def _with_forms(
        self, head: str, name: str, words: list[str], end: str, counted: Count | None, *, depth: int
    ) -> Part:
        if end != "{" or len(words) != 2:
            raise TemplateInvalid(
                f"{{{head[:60]}}} has no forms", hint="Write {days, plural, one {# day} other {# days}}."
            )
        if depth == MAX_DEPTH:
            raise TemplateInvalid(f"{{{head[:60]}… is inside of {MAX_DEPTH} others", hint="Write it with fewer.")
        return self._forms(_checked(name, head), _FORMS[words[0]], words[1], counted, depth=depth + 1)

    def _forms(
        self,
        name: str,
        kind: Literal["plural", "selectordinal", "select"],
        selector: str,
        counted: Count | None,
        *,
        depth: int,
    ) -> Part:
        offset = _OFFSET.match(selector) if kind == "plural" else None
        less = int(offset[1]) if offset else 0
        selector = selector[offset.end() :] if offset else selector
        inside = counted if kind == "select" else Count(name, less)
        forms: dict[str, Template] = {}
        while self._sign() == "{":
            _check_selector(name, kind, selector, forms)
            self._at += 1
            forms[selector] = self._parts(inside, depth=depth)
            self._close(name, kind)
            selector = self._taken(_HEAD).strip()
        if selector:
            raise _unclosed(name, kind)
        self._close(name, kind)
        if "other" not in forms:
            raise TemplateInvalid(f"the {kind} of {name} has no form `other`", hint="Add other {…}.")
        if kind == "select":
            return Select(name, tuple(forms.items()))
        exact = tuple((int(said[1:]), form) for said, form in forms.items() if said.startswith("="))
        named = tuple((said, form) for said, form in forms.items() if not said.startswith("="))
        return Plural(name, exact, named, less, ordinal=kind == "selectordinal")

    def _close(self, name: str, kind: str) -> None:
        if self._sign() != "}":
            raise _unclosed(name, kind)
        self._at += 1


def _check_selector(name: str, kind: str, selector: str, forms: dict[str, Template]) -> None:
    if kind == "select":
        if _WORD.fullmatch(selector) is None:
            raise TemplateInvalid(
                f"{selector[:40]!r} is not a valid form of {name}",
                hint="Name it as a value of it, such as yes or true.",
            )
    elif selector not in CATEGORIES and _EXACT.fullmatch(selector) is None:
        raise TemplateInvalid(
            f"{selector[:40]!r} is not a valid plural form of {name}", hint=f"Use {', '.join(CATEGORIES)}, or =0."
        )
    if selector in forms:
        raise TemplateInvalid(f"the {kind} of {name} has the form {selector} twice")


def _simple(head: str, name: str, words: list[str]) -> Part:
    if not words:
        return Field(_checked(name, head))
    kind, *style = words
    if kind == "list":
        if style:
            raise TemplateInvalid(f"{{{head[:60]}}} is not a list", hint=_LIST)
        return ListField(_checked(name, head))
    if kind not in ("number", "date", "time"):
        raise _no_field(head)
    if kind == "number":
        return NumberField(_checked(name, head), _style(head, style))
    said = style[0] if len(style) == 1 else "" if style else "medium"
    allowed = LENGTHS if kind == "date" else TIME_LENGTHS
    length: Length | None = next((one for one in allowed if one == said), None)
    if length is None:
        raise TemplateInvalid(
            f"{{{head[:60]}}} has no valid length", hint=f"The lengths of a {kind} are {', '.join(allowed)}."
        )
    return (DateField if kind == "date" else TimeField)(_checked(name, head), length)


def _style(head: str, style: list[str]) -> str:
    if not style:
        return ""
    if style[0] in NUMBER_STYLES and len(style) == 1:
        return style[0]
    currency = _CURRENCY.fullmatch(style[0]) if len(style) == 1 else None
    if currency is None:
        raise TemplateInvalid(
            f"{{{head[:60]}}} has no valid style",
            hint=f"The styles of a number are {', '.join(NUMBER_STYLES)}, and a currency such as ::currency/NOK.",
        )
    return currency[1]


def _checked(name: str, head: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise _no_field(head)
    return name


def _unclosed(name: str, kind: str) -> TemplateInvalid:
    return TemplateInvalid(f"the {kind} of {name} is not closed", hint="Write each form in braces.")


def _no_field(head: str) -> TemplateInvalid:
    return TemplateInvalid(f"{{{head[:60]}}} is not a plain variable name", hint=f"{_FIELD} {_BRACES}")
