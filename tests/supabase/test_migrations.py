"""The migrations as files of a Supabase project, run by Supabase's own command line: before,
after and concurrently with ours."""

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from acceptance.command import Command
from rekindle.postgres.migrate import migrations
from supabase.conftest import APPS, EXAMPLE, Project

SUPABASE = shutil.which("supabase")
WHOLE = [(one.version, one.name, one.sha256) for one in migrations()]


def bare(project: Project, folder: Path) -> Command:
    return Command(folder, {"REKINDLE_DATABASE_URL": project.url})


def ledger(project: Project) -> list[tuple[object, ...]]:
    return project.rows("select version, name, sha256 from rekindle.schema_migration order by version")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with the migrations in the order of the guide; the app's own were run
    long ago."""
    migrations = tmp_path / "supabase" / "migrations"
    migrations.mkdir(parents=True)
    done = Command(tmp_path, {})("migrate", "--into", "supabase/migrations")
    assert (done.code, done.err) == (0, "")
    shutil.copy(EXAMPLE / "source.sql", migrations / "20261124100000_rekindle_source.sql")
    shutil.copy(APPS, migrations / "20261124100100_rekindle_apps.sql")
    return tmp_path


class Supabase:
    """Supabase's command line on a project, with a separate home folder."""

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder = folder
        self.project = project
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DO_NOT_TRACK": "1"}

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(SUPABASE), "--workdir", str(self.folder), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=90, check=False)

    @property
    def major(self) -> int:
        return int(re.findall(r"([0-9]+)\.", self("--version").stdout)[0])

    def migration_up(self) -> None:
        """Version 2 takes the address as --db-url and must be told that there is no TLS; version
        3 takes --remote."""
        address = f"--remote={self.project.url}" if self.major >= 3 else f"--db-url={self.project.url}?sslmode=disable"
        done = self("migration", "up", "--include-all", "--yes", address)
        assert done.returncode == 0, done

    def history(self) -> list[tuple[object, ...]]:
        return self.project.rows("select version, name from supabase_migrations.schema_migrations order by version")


@pytest.fixture
def supabase_cli(folder: Path, app: Project) -> Supabase:
    if SUPABASE is None:
        pytest.skip("the Supabase CLI is not installed")
    return Supabase(folder, app)


HISTORY = [
    *((one.version, one.name) for one in migrations()),
    ("20261124100000", "rekindle_source"),
    ("20261124100100", "rekindle_apps"),
]


def test_the_files_run_with_supabases_command_line_and_ours_then_finds_nothing_to_do(
    supabase_cli: Supabase, app: Project, folder: Path
) -> None:
    supabase_cli.migration_up()
    assert supabase_cli.history() == HISTORY
    rekindle = bare(app, folder)
    assert rekindle("scenarios").code == 0
    rehearsed = rekindle("migrate", "--dry-run", "--json").json()
    assert rehearsed == {"dry_run": True, "migrations": [], "repaired": []}
    assert ledger(app) == [(version, name, None) for version, name, _ in WHOLE]
    done = rekindle("migrate")
    assert (done.code, done.out) == (0, "The database is up to date.\n")
    assert ledger(app) == WHOLE
    supabase_cli.migration_up()
    assert supabase_cli.history() == HISTORY


def test_supabases_command_line_changes_nothing_where_ours_came_first(
    supabase_cli: Supabase, app: Project, folder: Path
) -> None:
    assert bare(app, folder)("migrate").out == "".join(f"ran {version}_{name}\n" for version, name, _ in WHOLE)
    app.script("insert into rekindle.switch (turned, reason) values ('off', 'kept')")
    supabase_cli.migration_up()
    assert supabase_cli.history() == HISTORY
    assert ledger(app) == WHOLE
    assert app.rows("select reason from rekindle.switch") == [("kept",)]


def test_both_at_once_succeed(supabase_cli: Supabase, app: Project, folder: Path) -> None:
    ours = bare(app, folder)
    started = [ours.start("migrate") for _ in range(3)]
    theirs = threading.Thread(target=supabase_cli.migration_up)
    theirs.start()
    for process in started:
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    theirs.join(timeout=90)
    assert supabase_cli.history() == HISTORY
    assert ours("migrate").code == 0
    assert ledger(app) == WHOLE


def advice(supabase_cli: Supabase) -> set[tuple[str, str, str]]:
    """The findings of Supabase's advisor on security and performance: (level, lint, schema)."""
    address = f"--remote={supabase_cli.project.url}"
    done = supabase_cli("db", "advisors", "--type", "all", "--level", "info", "--fail-on", "none", address)
    assert done.returncode == 0, done
    found = json.loads(done.stdout[done.stdout.index("[\n") :])
    return {(one["level"], one["name"], one["metadata"]["schema"]) for one in found}


def test_supabases_advisor_notes_nothing_but_the_search_path_of_inlined_functions(
    supabase_cli: Supabase, project: Project
) -> None:
    supabase_cli.project = project
    if supabase_cli.major < 3:
        pytest.skip("an advisor that takes a database without TLS came with version 3")
    project.run_file(EXAMPLE / "definer.sql")
    said = advice(supabase_cli) - {("INFO", "unused_index", schema) for schema in ("rekindle", "public")}
    # Inlined functions must not set a search_path; these run with the rights of their caller, the
    # worker.
    assert said == {("WARN", "function_search_path_mutable", "rekindle")}
    project.script("create view public.leak as select token from rekindle_source.device_token")
    assert ("ERROR", "security_definer_view", "public") in advice(supabase_cli)


def test_any_tool_may_run_the_files_and_run_them_again(app: Project, folder: Path) -> None:
    files = sorted((folder / "supabase" / "migrations").iterdir())
    for path in [*files, *files]:
        app.run_file(path)
    assert bare(app, folder)("migrate").out == "The database is up to date.\n"
    assert ledger(app) == WHOLE


def test_the_files_are_written_once_and_never_over_another_text(tmp_path: Path) -> None:
    rekindle = Command(tmp_path, {})
    first = rekindle("migrate", "--into", ".", "--json")
    assert [Path(name).name for name in first.json()["written"]] == [
        f"{one.version}_{one.name}.sql" for one in migrations()
    ]
    again = rekindle("migrate", "--into", ".")
    assert (again.code, again.out) == (0, ". has every migration.\n")
    [path, *_] = tmp_path.glob("*.sql")
    path.write_text("\ufeff" + path.read_text().replace("\n", "\r\n"))  # as saved on Windows
    assert rekindle("migrate", "--into", ".").code == 0
    path.write_text("select 1;\n")
    assert rekindle("migrate", "--into", ".").fault().startswith("error: RK204")
    assert path.read_text() == "select 1;\n"
    assert rekindle("migrate", "--into", "nowhere").fault().startswith("error: RK106")
    assert rekindle("migrate", "--into", ".", "--dry-run").fault().startswith("error: RK106")
