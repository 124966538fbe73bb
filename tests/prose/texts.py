"""The prose of the repository: where it is, line by line, without code, data and quoted output."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COLUMNS = 100
_LEFT_OUT = ("tests/prose/", "LICENSE", "docs/reference/openapi.json")
"""The list of words, a licence that is not ours to word, and what is generated."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of prose: its file, its number, its text, and the column where the text ends in the file."""

    path: str
    number: int
    text: str
    width: int


def lines() -> Iterator[Line]:
    """Every line of prose in the files that git tracks."""
    for path in files():
        match Path(path).suffix:
            case ".md":
                yield from _markdown(path)
            case ".py":
                yield from _python(path)
            case ".sql":
                yield from _comments(path, "--")
            case ".ts":
                yield from _comments(path, "//")
            case ".js":
                yield from _comments(path, "//")
            case ".toml" | ".yml" | ".yaml" | ".service" | ".timer" | ".sh":
                yield from _comments(path, "#")
            case "" if Path(path).name in ("Makefile", "Containerfile"):
                yield from _comments(path, "#")
            case ".html":
                yield from (Line(path, number, line, 0) for number, line in enumerate(_read(path), start=1))
            case _:
                pass


def files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.splitlines() if not path.startswith(_LEFT_OUT)]


def _read(path: str) -> list[str]:
    return (ROOT / path).read_text(encoding="utf-8").splitlines()


def _markdown(path: str) -> Iterator[Line]:
    """Paragraphs and lists. Fenced blocks are code; a table's row cannot be wrapped."""
    fenced = False
    for number, line in enumerate(_read(path), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            # An address, or an entry of a list that is one link, as in the list of decisions.
            unbroken = len(line.split()) <= 2 or re.fullmatch(r"- \[[^\]]*\]\(\S+\)", line)
            # What is quoted as code is a name or an example, not our words.
            text = re.sub(r"`[^`]*`", "", line)
            yield Line(path, number, text, 0 if line.lstrip().startswith("|") or unbroken else len(line))


def _comments(path: str, mark: str) -> Iterator[Line]:
    for number, line in enumerate(_read(path), start=1):
        before, found, comment = line.partition(mark)
        if found and not before.rstrip().endswith((":", "'", '"')):
            # A remark behind code moves with the code; a comment's own line is wrapped.
            yield Line(path, number, comment, len(line) if not before.strip() else 0)


def _python(path: str) -> Iterator[Line]:
    source = (ROOT / path).read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not re.search(r"noqa|pyright|fmt:|mutant:", token.string):
            own = not token.line[: token.start[1]].strip()
            yield Line(path, token.start[0], token.string, len(token.line.rstrip()) if own else 0)
    rows = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first, last = node.lineno, node.end_lineno or node.lineno
            for number in range(first, last + 1):
                row = rows[number - 1]
                table = re.search(r"\S {3,}\S", row.strip())  # a row of a table cannot be wrapped
                yield Line(path, number, row, 0 if table else len(row))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            if not _is_docstring(node, rows):
                yield Line(path, node.lineno, node.value, 0)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Line(path, node.lineno, node.name.replace("_", " "), 0)


def _is_docstring(node: ast.Constant, rows: list[str]) -> bool:
    return rows[node.lineno - 1].lstrip().startswith('"""')
