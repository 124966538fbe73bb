"""The part of Markdown that the tests of the documents read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the words after the fence, and its text."""

    info: str
    text: str


def read(name: str) -> str:
    """A document by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """The fenced blocks, in order."""
    return [Block(found["info"].strip(), found["text"]) for found in _FENCE.finditer(text)]


def commands(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block with the lines that each printed."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def sections(text: str) -> dict[str, str]:
    """The text under each heading, up to the next heading of any depth."""
    plain = _FENCE.sub("", text)
    headings = list(_HEADING.finditer(plain))
    ends = [heading.start() for heading in headings[1:]] + [len(plain)]
    return {heading[2]: plain[heading.end() : end] for heading, end in zip(headings, ends, strict=True)}


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the tables in a text, headings left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line, below in zip(lines, [*lines, ""][1:], strict=True):
        if not line.startswith("|--") and not below.startswith("|--"):
            yield [cell.strip() for cell in line.split("|")[1:-1]]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    plain = _FENCE.sub("", text)
    return {re.sub(r"[^\w\- ]", "", heading[2].lower()).replace(" ", "-") for heading in _HEADING.finditer(plain)}
