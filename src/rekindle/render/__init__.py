"""Texts with named fields, plural forms and dates, and nothing else: no attribute, index,
conversion or code."""

from rekindle.render.bounds import at_least, at_most
from rekindle.render.locales import LOCALE, categories, date_of, known, number_of, usual_categories
from rekindle.render.template import MAX_TEMPLATE_CHARS, Need, Plural, needs, parse, variables_in
from rekindle.render.text import MAX_VALUE_CHARS, MissingVariable, NotRendered, WrongValue, render, shown

__all__ = [
    "LOCALE",
    "MAX_TEMPLATE_CHARS",
    "MAX_VALUE_CHARS",
    "MissingVariable",
    "Need",
    "NotRendered",
    "Plural",
    "WrongValue",
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
    "usual_categories",
    "variables_in",
]
