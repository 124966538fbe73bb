"""Renders one text for one person."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from rekindle.render.locales import (
    category,
    date_of,
    instant_of,
    list_of,
    local,
    number_of,
    written_date,
    written_list,
    written_number,
    written_time,
)
from rekindle.render.parts import Count, DateField, Field, ListField, NumberField, Plural, Select, Template, TimeField
from rekindle.render.syntax import parse
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
    """The text needs a number (within 10^15), a date (`YYYY-MM-DD`), an instant
    (`2026-01-31T09:00:00+01:00`) or a list of texts and numbers, and this person has something
    else."""

    reason = "wrong_value"


def render(template: str, variables: Mapping[str, Any], locale: str = "en", zone: str = "UTC") -> str:
    """The text with every field replaced once. Replaced text is never parsed again.

    Plural forms, numbers, dates, times and lists are written as in `locale`, which is the text's
    own and not the person's. The day and the time of an instant are those of `zone`, where the
    person lives. Values are written by `shown`. Control and bidirectional characters are removed
    from the result.

    Raises:
        MissingVariable: a field has no value, or null, in `variables`.
        WrongValue: a value is not the number, the date, the instant or the list that the text
            needs.
        TemplateInvalid: as `parse`.
    """
    return clean("".join(_pieces(parse(template), variables, _Reader(locale, zone))))


def render_address(template: str, variables: Mapping[str, Any]) -> str:
    """As `render`, for the address of a page: every value is percent-encoded.

    Raises:
        MissingVariable: as `render`.
        WrongValue: a value is `.` or `..`, which no encoding prevents from leading to another path.
        TemplateInvalid: as `parse`.
    """
    return clean("".join(_pieces(parse(template), variables, _Reader("en", "UTC", _in_address))))


def is_address(template: str) -> bool:
    """Whether a text is an address, such as https://example.org/{id} or myapp://visit/{id}."""
    return _ADDRESS.match(template) is not None


def host_is_fixed(template: str) -> bool:
    """Whether an address names its host without a field: what follows the host begins with `/`, `?`
    or `#`. Only the address of an app may leave the host out, as in myapp:///visit/{id}.

    Raises:
        TemplateInvalid: as `parse`.
    """
    first, *rest = parse(template) or ("",)
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


@dataclass(frozen=True, slots=True)
class _Reader:
    """For which reader a text is written: its language, the reader's time zone, and how a plain
    field is written."""

    locale: str
    zone: str
    written: Callable[[str, Any], str] = _in_text


def _pieces(parts: Template, variables: Mapping[str, Any], reader: _Reader) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
            continue
        value = variables.get(part.name)
        if isinstance(part, Select):
            yield from _pieces(_selected(part, value), variables, reader)
        elif value is None:
            raise MissingVariable(part.name)
        elif isinstance(part, ListField):
            yield _enumerated(part, value, variables, reader)
        elif isinstance(part, Plural):
            yield from _pieces(_form(part, _number(part.name, value), reader.locale), variables, reader)
        else:
            yield _written(part, value, reader)


def _enumerated(part: ListField, value: Any, variables: Mapping[str, Any], reader: _Reader) -> str:
    items = list_of(value)
    if items is None:
        raise WrongValue(part.name)
    if part.rest is not None:
        number = variables.get(part.rest.name)
        if number is None:
            raise MissingVariable(part.rest.name)
        if _number(part.rest.name, number) != 0:
            items.append("".join(_pieces((part.rest,), variables, reader)))
    return written_list(items, reader.locale)


def _written(part: Field | NumberField | DateField | TimeField | Count, value: Any, reader: _Reader) -> str:
    match part:
        case Field(name):
            return reader.written(name, value)
        case NumberField(name, style):
            return written_number(_number(name, value), reader.locale, style)
        case Count(name, offset):
            return written_number(_number(name, value) - offset, reader.locale)
        case DateField(name, length):
            day = date_of(value)
            if day is None and (moment := instant_of(value)) is not None:
                day = local(moment, reader.zone).date()
            if day is None:
                raise WrongValue(name)
            return written_date(day, length, reader.locale)
        case TimeField(name, length):
            if (moment := instant_of(value)) is None:
                raise WrongValue(name)
            return written_time(local(moment, reader.zone), length, reader.locale)


def _number(name: str, value: Any) -> int | Decimal:
    number = number_of(value)
    if number is None:
        raise WrongValue(name)
    return number


def _form(plural: Plural, number: int | Decimal, locale: str) -> Template:
    for exactly, form in plural.exact:
        if number == exactly:
            return form
    forms = dict(plural.forms)
    return forms.get(category(number - plural.offset, locale, ordinal=plural.ordinal), forms["other"])


def _selected(select: Select, value: Any) -> Template:
    forms = dict(select.forms)
    return forms["other"] if value is None else forms.get(shown(value), forms["other"])
