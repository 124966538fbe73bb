"""Renders one text for one person."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, cast

from rekindle.render.locales import category, date_of, number_of, written_date, written_number
from rekindle.render.template import Count, DateField, Field, Part, Plural, parse
from rekindle.render.values import encoded, shown

# C0 and C1 controls except newline and tab; lone surrogates; bidirectional controls, with which a
# value could reverse the text around it (CVE-2021-42574); and the byte order mark.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class NotRendered(LookupError):
    """A text cannot be rendered for this person. Its only argument is the variable that is the
    cause; `reason` is the stable word for reports. It never contains a value."""

    reason: ClassVar[str]


class MissingVariable(NotRendered):
    """A variable that the text names is absent or null for this person."""

    reason = "missing_variable"


class WrongValue(NotRendered):
    """The text needs a number (within 10^15) or a date (`YYYY-MM-DD`), and this person has
    something else."""

    reason = "wrong_value"


def render(template: str, variables: Mapping[str, Any], locale: str = "en") -> str:
    """The text with every field replaced once. Replaced text is never parsed again.

    Plural forms and dates are those of `locale`, which is the text's own and not the person's.
    Values are written by `shown`. Control and bidirectional characters are removed from the
    result.

    Raises:
        MissingVariable: a field has no value, or null, in `variables`.
        WrongValue: the variable of a plural is not a number, or that of a date is not a date.
        TemplateInvalid: as `parse`.
    """
    return clean("".join(_pieces(parse(template), variables, locale)))


def render_address(template: str, variables: Mapping[str, Any]) -> str:
    """As `render`, for the address of a page: every value is percent-encoded.

    Raises:
        MissingVariable: as `render`.
        WrongValue: a value is `.` or `..`, which no encoding prevents from leading to another path.
        TemplateInvalid: as `parse`.
    """
    return clean("".join(_pieces(parse(template), variables, "en", _in_address)))


def is_address(template: str) -> bool:
    """Whether a text is an address, such as https://example.org/{id} or myapp://visit/{id}."""
    return _ADDRESS.match(template) is not None


def host_is_fixed(template: str) -> bool:
    """Whether an address names its host without a field: what follows the host begins with `/`, `?`
    or `#`. Only the address of an app may leave the host out, as in myapp:///visit/{id}.

    Raises:
        TemplateInvalid: as `parse`.
    """
    first, *rest = parse(template)
    while rest and isinstance(first, str) and isinstance(rest[0], str):
        first += cast("str", rest.pop(0))
    if not isinstance(first, str):
        return False
    host = r"[^/?#\\\s]" + ("+" if first.lower().startswith(("http:", "https:")) else "*")
    return re.fullmatch(f"[^:/]+://{host}" + (r"[/?#].*" if rest else r"([/?#].*)?"), first, re.DOTALL) is not None


def _in_address(name: str, value: Any) -> str:
    text = clean(shown(value))
    if text in (".", ".."):
        raise WrongValue(name)
    return encoded(text)


def _in_text(name: str, value: Any) -> str:
    return shown(value)


def clean(text: str) -> str:
    """The text without control and bidirectional characters and lone surrogates."""
    return _UNSAFE.sub("", text)


def _pieces(
    parts: tuple[Part | Plural, ...],
    variables: Mapping[str, Any],
    locale: str,
    written: Callable[[str, Any], str] = _in_text,
) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
            continue
        value = variables.get(part.name)
        if value is None:
            raise MissingVariable(part.name)
        match part:
            case Field(name):
                yield written(name, value)
            case DateField(name, length):
                if (day := date_of(value)) is None:
                    raise WrongValue(name)
                yield written_date(day, length, locale)
            case Count(name) | Plural(name):
                if (number := number_of(value)) is None:
                    raise WrongValue(name)
                if isinstance(part, Count):
                    yield written_number(number, locale)
                else:
                    yield from _pieces(_form(part, number, locale), variables, locale, written)


def _form(plural: Plural, number: Any, locale: str) -> tuple[Part, ...]:
    for exactly, form in plural.exact:
        if number == exactly:
            return form
    forms = dict(plural.forms)
    return forms.get(category(number, locale), forms["other"])
