"""Texts with named fields, and nothing else: no attribute, index, conversion, format or code."""

import re
import string
from collections.abc import Mapping
from typing import Any

from rekindle.errors import TemplateInvalid

MAX_TEMPLATE_CHARS = 4_000
MAX_VALUE_CHARS = 1_000

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# C0 and C1 controls except newline and tab; lone surrogates; bidirectional controls, with which a value could turn
# the text around it (CVE-2021-42574); and the byte order mark.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class MissingVariable(LookupError):
    """A variable that the text names is absent or null for this person."""


def variables_in(template: str) -> frozenset[str]:
    """The names of all fields of a template; `{{` and `}}` stand for braces.

    Raises:
        TemplateInvalid: a brace is left open, or a field is anything but a plain lower-case name.
    """
    if len(template) > MAX_TEMPLATE_CHARS:
        raise TemplateInvalid(f"the text is longer than {MAX_TEMPLATE_CHARS} characters")
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise TemplateInvalid(f"{error}", mend="Write {{ and }} for braces.") from None
    names: set[str] = set()
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if spec or conversion or _NAME.fullmatch(name) is None:
            field = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            raise TemplateInvalid(
                f"{{{field[:60]}}} is not a plain variable name",
                mend="A field is a lower-case name such as {first_name}, without dots, brackets or formats.",
            )
        names.add(name)
    return frozenset(names)


def render(template: str, variables: Mapping[str, Any]) -> str:
    """The text with every field replaced once; replaced text is never looked at again.

    Values are cut at 1,000 characters; control and bidirectional characters are removed from the result.

    Raises:
        MissingVariable: a field has no value, or null, in `variables`.
        TemplateInvalid: as `variables_in`.
    """
    variables_in(template)
    out: list[str] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        out.append(literal)
        if name is not None:
            value = variables.get(name)
            if value is None:
                raise MissingVariable(name)
            out.append(str(value)[:MAX_VALUE_CHARS])
    return _UNSAFE.sub("", "".join(out))
