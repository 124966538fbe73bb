"""The README shows what really happens."""

import re
from pathlib import Path

from docs.console import COMMAND, OMITTED, base_environment, is_excerpt, printed, steady
from docs.documents import blocks, commands, read

README = read("README.md")
BLOCKS = blocks(README)
CONSOLES = [block for block in BLOCKS if block.info == "console"]


def at_any_hour(text: str) -> list[str]:
    """The steady lines of a demo without the numbers that depend on a person's local date:
    the days of an absence, the counts of certificates that are due, and the sums. Zeros stay."""
    dated = re.compile(r"^expiry |[0-9] (?:people|person) reached|[0-9] days ago")
    return [re.sub(r"\b[1-9][0-9]*\b", "N", line) if dated.search(line) else line for line in steady(text)]


def test_the_commands_are_the_two_of_a_fresh_clone() -> None:
    assert [commands(block.text)[0][0] for block in CONSOLES] == ["make demo", "make test"]
    assert re.fullmatch(r"=+ [0-9]+ passed.* in .* =+", CONSOLES[1].text.splitlines()[-1])


def test_the_demo_prints_what_the_readme_and_the_tutorial_show(tmp_path: Path) -> None:
    out = at_any_hour(printed([*COMMAND, "demo"], tmp_path, base_environment()))
    for document, whole in (("README.md", False), ("docs/tutorial.md", True)):
        console = next(block.text for block in blocks(read(document)) if block.text.startswith("$ make demo"))
        [(_, shown)] = commands(console)
        assert (OMITTED not in shown) is whole
        assert is_excerpt(at_any_hour("\n".join(shown)), out)


def test_an_excerpt_is_lines_of_the_whole_in_their_order() -> None:
    whole = ["a", "b", "c", "d"]
    assert is_excerpt(["a", "…", "c", "d"], whole)
    assert is_excerpt(["…", "b", "…"], whole)
    assert is_excerpt(["a", "…", "b", "c", "d"], whole)
    for wrong in (["a", "b"], ["a", "…"][:1], ["a", "…", "d", "c"], ["b", "…"], ["a", "…", "c"], ["…", "e", "…"]):
        assert not is_excerpt(wrong, whole), wrong


def test_the_readme_fits_on_one_screen() -> None:
    assert len(README.split()) <= 450
    assert all(len(line) <= 100 for line in README.splitlines())
