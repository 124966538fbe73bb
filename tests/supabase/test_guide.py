"""The guide runs as it is written: its files, its commands in order, and their output."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from acceptance.audit import audit
from acceptance.command import environment
from acceptance.pooler import PGBOUNCER, pooled
from docs.console import PSQL, base_environment, steady
from docs.documents import blocks, commands, read
from rekindle.sandbox import Sandbox
from supabase.conftest import EXAMPLE, Project, one_supabase
from supabase.test_cycle import EVERYTHING, reached
from supabase.test_migrations import SUPABASE, Supabase

supabase = one_supabase

LOGIN = "guide_login"
"""Roles belong to the whole server, and other tests have a role of the same name as the guide's."""
BLOCKS = blocks(read("docs/how-to/supabase.md"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the team's project."""
    return tmp_path


class Reader:
    """A reader who follows the guide in a separate folder."""

    def __init__(self, folder: Path, app: Project, fcm: Sandbox, pooler: ExitStack) -> None:
        self.folder = folder
        self.app = app
        self.environment = base_environment() | {k: str(v) for k, v in environment("", fcm).items()}
        self.addresses = self._addresses(pooler)

    def _addresses(self, pooler: ExitStack) -> Iterator[str]:
        yield self.app.url
        through = self.app.login(LOGIN, "a-long-random-one")
        yield through if PGBOUNCER is None else pooler.enter_context(pooled(through, self.folder))

    def does(self, line: str) -> str:
        """The command's output."""
        words = shlex.split(line)
        if words[0] == "export":
            name = words[1].partition("=")[0]
            assert name in self.environment
            if name == "REKINDLE_DATABASE_URL":
                self.environment[name] = next(self.addresses)
            return ""
        if words[0] == "supabase":
            self._migrates()
            return ""
        if words[0] == "psql":
            arguments = [sys.executable, "-c", PSQL, words[-1]]
        elif words[0] == "rekindle":
            arguments = [sys.executable, "-P", "-m", *words]
        else:
            assert words[0] in ("cp", "mkdir")
            arguments = words
        done = subprocess.run(
            arguments, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), (line, done)
        if words[:2] == ["rekindle", "init"]:
            for name in ("source.sql", "rekindle.toml"):  # edited, as it says, for the tables of the example
                (self.folder / name).write_bytes((EXAMPLE / name).read_bytes())
        return done.stdout

    def _migrates(self) -> None:
        if SUPABASE is not None:
            Supabase(self.folder, self.app).migration_up()
            return
        for path in sorted((self.folder / "supabase" / "migrations").iterdir()):
            self.app.run_file(path)


def test_the_guide_leads_from_a_project_to_its_first_pushes(app: Project, fcm: Sandbox, tmp_path: Path) -> None:
    ran: list[str] = []
    with ExitStack() as pooler:
        reader = Reader(tmp_path, app, fcm, pooler)
        for block in BLOCKS:
            language, _, file = block.info.partition(" ")
            if file:
                (tmp_path / file).write_text(block.text.replace("rekindle_login", LOGIN), encoding="utf-8")
            elif language == "console":
                for line, shown in commands(block.text):
                    printed = reader.does(line)
                    assert steady(printed) == steady("\n".join(shown)), line
                    ran.append(" ".join(shlex.split(line)[:2]))
    for name in ("init", "migrate", "check", "apply", "plan", "run"):
        assert f"rekindle {name}" in ran
    assert reached(fcm) == EVERYTHING
    audit(app, fcm)


def test_what_apps_may_read_can_be_taken_back_as_the_guide_says(project: Project) -> None:
    [text] = [block.text for block in BLOCKS if block.info == "sql" and "drop view" in block.text]
    project.script(text)
    readable = project.rows(
        "select attname from pg_attribute where attrelid = 'rekindle.scenario_notification'::regclass "
        "and attnum > 0 and has_column_privilege('authenticated', attrelid, attnum, 'select')"
    )
    policies = project.rows("select polname from pg_policy where polrelid = 'rekindle.scenario_notification'::regclass")
    assert (readable, policies) == ([], [("worker",)])


def test_the_function_of_the_guide_is_asked_as_the_example_says() -> None:
    [text] = [block.text for block in BLOCKS if block.info == "toml"]
    said = re.sub(r"(?m)^--   ?", "", read("examples/supabase/definer.sql"))
    assert text in said.replace("\n  ", "\n")
