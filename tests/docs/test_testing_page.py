"""docs/how-to/test-your-own-code.md shows what really happens, on an embedded server and on a
named one."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from conftest import SETTINGS, in_memory
from docs.documents import blocks, read
from rekindle.embedded import EmbeddedPostgres

PYTEST = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir=."]


def examples(folder: Path) -> None:
    """The page's files, and those of the tutorial that it names."""
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
    for document in ("docs/tutorial.md", "docs/how-to/test-your-own-code.md"):
        for block in blocks(read(document)):
            _, _, file = block.info.partition(" ")
            if file:
                (folder / file).write_text(block.text, encoding="utf-8")


def run_tests(folder: Path, *arguments: str, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REKINDLE_", "PYTEST_"))}
    done = subprocess.run(
        [*PYTEST, *arguments], cwd=folder, env=kept | variables, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_pass_on_an_embedded_server(tmp_path: Path) -> None:
    examples(tmp_path)
    assert "4 passed" in run_tests(tmp_path)


def test_on_a_server_that_is_named_two_processes_leave_no_database_behind(tmp_path: Path) -> None:
    examples(tmp_path)
    with in_memory(), EmbeddedPostgres(settings=SETTINGS) as server:
        assert "4 passed" in run_tests(tmp_path, "--numprocesses=2", REKINDLE_TEST_DATABASE_URL=server.url)
        with psycopg.connect(server.url) as connection:
            left = connection.execute("select datname from pg_database where not datistemplate").fetchall()
    assert left == [("postgres",)]


def test_tables_that_cannot_be_made_fail_every_test_and_leave_no_database_behind(tmp_path: Path) -> None:
    examples(tmp_path)
    (tmp_path / "tables.sql").write_text("create table people (id no_such_type);", encoding="utf-8")
    with in_memory(), EmbeddedPostgres(settings=SETTINGS) as server:
        with pytest.raises(AssertionError, match="no_such_type"):
            run_tests(tmp_path, REKINDLE_TEST_DATABASE_URL=server.url)
        with psycopg.connect(server.url) as connection:
            left = connection.execute("select datname from pg_database where not datistemplate").fetchall()
    assert left == [("postgres",)]
