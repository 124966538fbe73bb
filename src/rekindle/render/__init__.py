"""Texts with named fields, plural forms and dates, and nothing else: no attribute, index,
conversion or code."""

from rekindle.render.bounds import at_least, at_most
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
from rekindle.render.text import MAX_VALUE_CHARS, MissingVariable, NotRendered, WrongValue, render, shown

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
    "date_of",
    "known",
    "needs",
    "number_of",
    "parse",
    "render",
    "shown",
    "shows_only",
    "usual_categories",
    "variables_in",
]
