"""The catalogues of the console: each has every text, with the same fields, and nothing else."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from rekindle.console.languages import LANGUAGES, translations

CONSOLE = Path(__file__).parents[2] / "src/rekindle/console"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "false", "silent": "false", "newstyle_gettext": "true"}}
FIELD = re.compile(r"%\((\w+)\)[sd]|<[^>]+>")

Message = str | tuple[str, ...]


def said() -> set[Message]:
    """Every text that a page or the code asks to be translated."""
    found = extract_from_dir(CONSOLE, METHODS, OPTIONS)
    return {message for _, _, message, _, _ in found if message}


def catalogue(language: str) -> Catalog:
    """A catalogue as it is written."""
    with (CONSOLE / f"catalogues/{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def fields(text: str) -> Mapping[str, int]:
    """The fields and the markup of a text, and how often it has each."""
    found = [one.group() for one in FIELD.finditer(text)]
    return {one: found.count(one) for one in found}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_a_catalogue_has_every_text_with_its_fields_and_no_other(language: str) -> None:
    written = catalogue(language)
    entries = {entry.id: entry for entry in written if entry.id}
    assert sorted(map(str, said() - entries.keys())) == [], "missing"
    assert sorted(map(str, entries.keys() - said())) == [], "no longer used"
    assert written.num_plurals == 2
    for entry in entries.values():
        assert not entry.fuzzy, entry.id
        ids = (entry.id,) if isinstance(entry.id, str) else entry.id
        texts = (entry.string,) if isinstance(entry.string, str) else entry.string
        assert len(texts) == len(ids), entry.id
        for one, text in zip(ids, texts, strict=True):
            assert text.strip(), entry.id
            assert fields(text) == fields(one), entry.id
            assert text.endswith((".", "?", "…")) == one.endswith((".", "?", "…")), entry.id


def test_texts_of_a_language_are_read_from_its_catalogue() -> None:
    assert translations("en").gettext("Today") == "Today"
    assert translations("nb").gettext("Today") == "I dag"
    assert translations("de").gettext("Today") == "Heute"
    weeks = ("away %(weeks)s week", "away %(weeks)s weeks")
    assert translations("de").ngettext(*weeks, 1) != translations("de").ngettext(*weeks, 2)
