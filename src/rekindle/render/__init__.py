"""Texts with named fields, plural forms and dates, and nothing else: no attribute, index,
conversion or code."""

from rekindle.render.bounds import at_least, at_most
from rekindle.render.languages import closest, language
from rekindle.render.locales import LOCALE, MAX_NUMBER, categories, date_of, known, number_of, usual_categories
from rekindle.render.template import (
    MAX_TEMPLATE_CHARS,
    Need,
    Plural,
    always_needs,
    needs,
    parse,
    shows_only,
    variables_in,
)
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
    "LOCALE",
    "MAX_NUMBER",
    "MAX_TEMPLATE_CHARS",
    "MAX_VALUE_CHARS",
    "MissingVariable",
    "Need",
    "NotRendered",
    "Plural",
    "WrongValue",
    "always_needs",
    "at_least",
    "at_most",
    "categories",
    "closest",
    "date_of",
    "host_is_fixed",
    "is_address",
    "known",
    "language",
    "needs",
    "number_of",
    "parse",
    "read_variables",
    "render",
    "render_address",
    "shown",
    "shows_only",
    "usual_categories",
    "variables_in",
]
