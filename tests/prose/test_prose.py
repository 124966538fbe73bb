"""The check of our prose finds what it is for, and leaves code and quotations alone."""

from pathlib import Path

import pytest

from prose import texts
from prose.__main__ import faults
from prose.texts import COLUMNS, Line


@pytest.mark.parametrize(
    "text",
    [
        "People whom nobody writes to drift away.",
        "Whoever is due gets one push.",
        "A scenario has a cooldown of its own.",
        "Who is due is claimed.",
        "The next run lets go of the gate.",
        "`x` stands in the ledger as it stands.",
    ],
)
def test_a_word_that_must_not_come_back_is_named_with_its_replacement(text: str) -> None:
    found = list(faults(Line("docs/x.md", 1, text, len(text))))
    assert found
    assert all(": write " in fault for fault in found)


def test_a_plain_sentence_passes() -> None:
    assert list(faults(Line("docs/x.md", 1, "People who are due get one push per cooldown.", 45))) == []


def test_a_line_may_have_100_columns_and_not_one_more() -> None:
    assert list(faults(Line("docs/x.md", 1, "", COLUMNS))) == []
    assert len(list(faults(Line("docs/x.md", 1, "", COLUMNS + 1)))) == 1


def test_prose_is_found_in_paragraphs_docstrings_comments_messages_and_names_of_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    monkeypatch.setattr(texts, "files", lambda: ["a.md", "b.py", "c.sql", "d.ts"])
    (tmp_path / "a.md").write_text("One whom\n```\nin code: whom\n```\nand `whom` quoted\n")
    (tmp_path / "b.py").write_text(
        '"""Two whom."""\n# three whom\nx = "four whom"\ndef test_five_whom():\n    whom = 1\n'
    )
    (tmp_path / "c.sql").write_text("-- six whom\nselect 1 as whom\n")
    (tmp_path / "d.ts").write_text("// seven whom\nconst whom = 1;\n")
    found = [line for line in texts.lines() if list(faults(line))]
    assert sorted((line.path, line.number) for line in found) == [
        ("a.md", 1),
        ("b.py", 1),
        ("b.py", 2),
        ("b.py", 3),
        ("b.py", 4),
        ("c.sql", 1),
        ("d.ts", 1),
    ]


def test_every_kind_of_file_with_words_for_people_is_read() -> None:
    read = {line.path for line in texts.lines()}
    assert any(path.startswith("docs/decisions/") for path in read)
    assert any(path.endswith(".html") for path in read)
    assert {"Makefile", "src/rekindle/console/static/console.js"} <= read


def test_an_entry_of_a_list_that_is_one_link_may_be_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    monkeypatch.setattr(texts, "files", lambda: ["a.md"])
    long = "a word " * 15
    (tmp_path / "a.md").write_text(f"- [{long}](a.md)\n- [{long}](a.md) and more\n")
    assert [line.number for line in texts.lines() if list(faults(line))] == [2]
