"""What the README shows is what happens: its files, its commands in their order, and its Python."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Server, one_server
from docs.documents import blocks, commands, read
from rekindle.sandbox import Sandbox

README = read("README.md")
BLOCKS = blocks(README)
server = one_server
COMMAND = [sys.executable, "-P", "-m", "rekindle"]
# The machine of whoever runs the tests may have no psql. Of what psql does, the README needs this.
PSQL = """
import os, sys, psycopg
with psycopg.connect(os.environ["REKINDLE_DATABASE_URL"]) as connection:
    connection.execute(open(sys.argv[1]).read())
"""


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    url = server.clone("template_empty", lambda _: None)
    yield url
    server.drop(url)


def steady(text: str) -> list[str]:
    """The lines without what differs from run to run: times, dates and ports."""
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "DATE", text)
    text = re.sub(r"[0-9]+\.[0-9]+ s\b", "T s", text)
    text = re.sub(r"127\.0\.0\.1:[0-9]+", "127.0.0.1:PORT", text)
    return [line.rstrip() for line in text.strip().splitlines()]


def at_any_hour(text: str) -> list[str]:
    """The steady lines of a demo without the counts of certificates, and without the sums: whose certificate is due
    goes by the date where its owner is. What is 0 stays."""
    dated = re.compile(r"^expiry |[0-9] people reached")
    return [re.sub(r"\b[1-9][0-9]*\b", "N", line) if dated.search(line) else line for line in steady(text)]


def printed(arguments: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def base_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


def test_the_first_commands_are_the_two_of_a_fresh_clone() -> None:
    consoles = [block for block in BLOCKS if block.info == "console"]
    assert [commands(block.text)[0][0] for block in consoles[:2]] == ["make demo", "make test"]
    assert re.fullmatch(r"=+ [0-9]+ passed.* in .* =+", consoles[1].text.splitlines()[-1])


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    [(_, shown)] = commands(next(block.text for block in BLOCKS if block.info == "console"))
    out = printed([*COMMAND, "demo"], tmp_path, base_environment())
    assert at_any_hour(out) == at_any_hour("\n".join(shown))


def test_the_scenario_of_the_readme_runs_as_it_is_shown(empty_url: str, fcm: Sandbox, tmp_path: Path) -> None:
    environment = base_environment() | {
        "REKINDLE_DATABASE_URL": empty_url,
        "REKINDLE_FCM_URL": fcm.url,
        "REKINDLE_FCM_CA": str(fcm.ca),
        "GOOGLE_APPLICATION_CREDENTIALS": str(fcm.credentials),
    }
    ran: list[str] = []
    for position, block in enumerate(BLOCKS):
        language, _, file = block.info.partition(" ")
        if file:
            (tmp_path / file).write_text(block.text, encoding="utf-8")
        elif language == "python":
            out = printed([sys.executable, "-P", "-c", block.text], tmp_path, environment)
            assert steady(out) == steady(BLOCKS[position + 1].text)
            ran.append("python")
        elif language == "console" and not block.text.startswith("$ make"):
            for line, shown in commands(block.text):
                words = shlex.split(line)
                if words[0] == "export":
                    assert words[1].partition("=")[0] in environment
                    continue
                arguments = [sys.executable, "-c", PSQL, words[-1]] if words[0] == "psql" else [*COMMAND, *words[1:]]
                assert words[0] in ("psql", "rekindle")
                assert steady(printed(arguments, tmp_path, environment)) == steady("\n".join(shown)), line
                ran.append(" ".join(words[:2]))
    wanted = ["init", "migrate", "check", "apply", "plan", "run", "run"]
    assert [line.removeprefix("rekindle ") for line in ran if line.startswith("rekindle ")] == wanted
    assert ran[-1] == "python"
    assert sorted(message["target"] for message in fcm.messages()) == ["token-of-her-phone", "token-of-her-tablet"]
