"""Runs what a document shows, and compares the output with the document."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from docs.documents import Block, commands

COMMAND = [sys.executable, "-P", "-m", "rekindle"]
# The machine that runs the tests may have no psql. This is the part of psql that the documents
# need.
PSQL = """
import os, sys, psycopg
with psycopg.connect(os.environ["REKINDLE_DATABASE_URL"]) as connection:
    connection.execute(open(sys.argv[1]).read())
"""
OMITTED = "…"
"""A separate line in a block: the command prints further lines here."""


def base_environment() -> dict[str, str]:
    """The variables that any program needs, and none of Rekindle's."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


def printed(arguments: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command printed; it must succeed and write nothing to stderr."""
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def steady(text: str) -> list[str]:
    """The lines without the parts that differ from run to run: times, dates and ports."""
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "DATE", text)
    text = re.sub(r"[0-9]+\.[0-9]+ s\b", "T s", text)
    text = re.sub(r"127\.0\.0\.1:[0-9]+", "127.0.0.1:PORT", text)
    return [line.rstrip() for line in text.strip().splitlines()]


def anonymous(text: str) -> list[str]:
    """The steady lines without the ids that a run draws and the time of day. The ids in the
    examples, which all have zeros in the same places, stay."""
    drawn = re.compile(r"\b[0-9a-f]{8}-(?!0000-)[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
    return [re.sub(r"DATE [0-9]{2}:[0-9]{2}(:[0-9]{2})?", "DATE TIME", drawn.sub("ID", line)) for line in steady(text)]


def is_excerpt(shown: list[str], whole: list[str]) -> bool:
    """Whether the lines shown are the whole, except for lines that a line `…` stands for."""
    if OMITTED not in shown:
        return shown == whole
    head = shown[: shown.index(OMITTED)]
    rest = shown[len(head) + 1 :]
    if whole[: len(head)] != head:
        return False
    later = range(len(head), len(whole) + 1)
    return any(is_excerpt(rest, whole[start:]) for start in later)


def run_blocks(blocks: list[Block], folder: Path, environment: dict[str, str]) -> list[str]:
    """Run the blocks of a document in order: write its files, run its commands and its Python.
    Compare what each prints. Return what was run.

    A block `LANGUAGE FILE` is a file. `python` is followed by a block with its output. `export
    NAME=…` names a variable that the environment has already.
    """
    ran: list[str] = []
    for position, block in enumerate(blocks):
        language, _, file = block.info.partition(" ")
        if file:
            (folder / file).write_text(block.text, encoding="utf-8")
        elif language == "python":
            out = printed([sys.executable, "-P", "-c", block.text], folder, environment)
            assert anonymous(out) == anonymous(blocks[position + 1].text)
            ran.append("python")
        elif language == "console":
            for line, shown in commands(block.text):
                words = shlex.split(line)
                if words[0] == "export":
                    assert words[1].partition("=")[0] in environment
                    continue
                assert words[0] in ("psql", "rekindle"), line
                arguments = [sys.executable, "-c", PSQL, words[-1]] if words[0] == "psql" else [*COMMAND, *words[1:]]
                out = anonymous(printed(arguments, folder, environment))
                assert is_excerpt(anonymous("\n".join(shown)), out), (line, out)
                ran.append(" ".join(words[:2]))
    return ran
