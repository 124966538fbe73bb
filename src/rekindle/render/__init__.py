"""Texts with named fields, forms, numbers, dates, times and lists, and nothing else: no attribute,
index or code."""

from rekindle.render.bounds import at_least, at_most
from rekindle.render.languages import closest, language
from rekindle.render.locales import (
    INSTANT_PATTERN,
    LOCALE,
    MAX_NUMBER,
    categories,
    date_of,
    is_currency,
    known,
    number_of,
    usual_categories,
)
from rekindle.render.parts import Need
from rekindle.render.syntax import MAX_TEMPLATE_CHARS, parse
from rekindle.render.template import always_needs, currencies, needs, not_plain, plurals, shows_only, variables_in
from rekindle.render.text import (
    MissingVariable,
    NotRendered,
    WrongValue,
    host_is_fixed,
    is_address,
    render,
    render_address,
)
from rekindle.render.values import MAX_VALUE_CHARS, read_variables, shown

__all__ = [
    "INSTANT_PATTERN",
    "LOCALE",
    "MAX_NUMBER",
    "MAX_TEMPLATE_CHARS",
    "MAX_VALUE_CHARS",
    "MissingVariable",
    "Need",
    "NotRendered",
    "WrongValue",
    "always_needs",
    "at_least",
    "at_most",
    "categories",
    "closest",
    "currencies",
    "date_of",
    "host_is_fixed",
    "is_address",
    "is_currency",
    "known",
    "language",
    "needs",
    "not_plain",
    "number_of",
    "parse",
    "plurals",
    "read_variables",
    "render",
    "render_address",
    "shown",
    "shows_only",
    "usual_categories",
    "variables_in",
]
