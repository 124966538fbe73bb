"""Databases for tests: real servers, one template, one clone per test (about 30 ms)."""

import asyncio
import base64
import hashlib
import hmac
import logging
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, LiteralString, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from psycopg.rows import dict_row

from rekindle.embedded import Binaries, EmbeddedPostgres, find_binaries, installed_binaries
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import execute_all
from rekindle.sample import statements
from rekindle.sandbox import Sandbox
from rekindle.telemetry import measures
from team.tables import tables

# Nobody needs what a crash of the test server loses. The ledger's own settings are unchanged.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
# Which people are due by days depends on the hour, because of time zones. These tests always use
# the same hour.
PROGRAMME_AT = datetime(2026, 11, 23, 0, 7, tzinfo=UTC)
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30
_NUMBERS = count()


def _servers() -> dict[str, Binaries]:
    found = {"embedded": find_binaries()}
    for binaries in installed_binaries():
        if binaries.folder != found["embedded"].folder:
            found[f"postgres{binaries.major}"] = binaries
    wanted = os.environ.get("TEST_SERVERS", "").split()
    return {name: binaries for name, binaries in found.items() if not wanted or name in wanted}


SERVERS = _servers()


@contextmanager
def in_memory() -> Iterator[None]:
    """Make temporary folders in memory if there is room.

    A clone is about 300 files: 10 ms in memory, and up to 300 ms on a disk that other programs use.
    """
    with pytest.MonkeyPatch.context() as patch:
        if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
            patch.setattr(tempfile, "tempdir", str(MEMORY))
        yield


def verifier(password: str) -> str:
    """The password as Postgres keeps it, for logins of one round instead of 4,096. The tests log in
    tens of thousands of times, and each of those logins would cost 8 ms of processor."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    salt, stored, key = (
        base64.b64encode(one).decode() for one in (b"salt", stored, hmac.digest(salted, b"Server Key", "sha256"))
    )
    return f"SCRAM-SHA-256$1:{salt}${stored}:{key}"


class Server:
    """A running server with its templates."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._templates: set[str] = set()
        self._owner = psycopg.connect(url, autocommit=True)
        parts = urlsplit(url)
        self.execute(f"alter role {parts.username} password '{verifier(parts.password or '')}'")

    def close(self) -> None:
        self._owner.close()

    def execute(self, statement: str) -> None:
        """One statement, on a connection that stays open: a login costs more than most of them."""
        self._owner.execute(statement)

    def named(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def clone(self, template: str, fill: Callable[[str], None]) -> str:
        """A fresh database, made from a template that is filled at its first use."""
        if template not in self._templates:
            self.execute(f"create database {template}")
            fill(self.named(template))
            self._templates.add(template)
        name = f"test_{next(_NUMBERS)}"
        self.execute(f"create database {name} template {template} strategy file_copy")  # 12 ms less than with wal_log
        return self.named(name)

    def drop(self, url: str) -> None:
        self.execute(f"drop database {urlsplit(url).path[1:]} with (force)")


def _migrated(url: str) -> None:
    asyncio.run(migrate(url))


def _with_tables(url: str) -> None:
    _migrated(url)
    asyncio.run(execute_all(url, [(cast("LiteralString", tables()), None)]))


def _programme(url: str) -> None:
    _migrated(url)
    asyncio.run(execute_all(url, [(step.sql, step.parameters) for step in statements(500, 1, at=PROGRAMME_AT)]))


@pytest.fixture(scope="session")
def server_named() -> Iterator[Callable[[str], Server]]:
    """One of SERVERS by name: started at the first request, and kept until the session ends."""
    with ExitStack() as stack:

        @cache
        def started(name: str) -> Server:
            with in_memory():
                postgres = stack.enter_context(EmbeddedPostgres(binaries=SERVERS[name], settings=SETTINGS))
            server = Server(postgres.url)
            stack.callback(server.close)
            return server

        yield started


@pytest.fixture(scope="session", params=sorted(SERVERS))
def server(request: pytest.FixtureRequest, server_named: Callable[[str], Server]) -> Server:
    """The embedded server and every installed one of a supported major version, for tests of
    SQL."""
    return server_named(request.param)


@pytest.fixture(scope="session")
def one_server(server_named: Callable[[str], Server]) -> Server:
    """One server. A module or a conftest says `server = one_server` if its tests do not depend
    on the version."""
    return server_named(min(SERVERS))


@pytest.fixture
def database_url(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """A fresh database with the ledger's tables, as its owner (a superuser). For a test with the
    fixture `programme` it already has a team's tables too, because creating them costs as much as
    the database."""
    if "programme" in request.fixturenames:
        url = server.clone("template_team_tables", _with_tables)
    else:
        url = server.clone("template_ledger", _migrated)
    yield url
    server.drop(url)


@pytest.fixture
def programme_url(server: Server) -> Iterator[str]:
    """A fresh database with the ledger's tables and the sample programme of 500 mentors, seed 1,
    at PROGRAMME_AT."""
    url = server.clone("template_programme", _programme)
    # Here and not in the template, whose clock would be an hour later after an hour of tests.
    shift_clock(url, f"{(PROGRAMME_AT - datetime.now(UTC)).total_seconds():.0f} seconds")
    yield url
    server.drop(url)


@pytest.fixture
def worker_url(server: Server, programme_url: str) -> str:
    """The database of `programme_url`, as a login that has the role rekindle_worker and nothing
    else."""
    return as_worker(server, programme_url)


def as_worker(server: Server, url: str) -> str:
    """The same database, as a login that has the role rekindle_worker and nothing else."""
    server.execute(
        f"do $$ begin create role test_worker login password '{verifier('worker')}' in role rekindle_worker; "
        "exception when duplicate_object then null; end $$"
    )
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"test_worker:worker@{parts.hostname}:{parts.port}"))


@pytest.fixture
async def sql(request: pytest.FixtureRequest) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection as the owner to the test's database, in autocommit, rows as dictionaries."""
    name = "programme_url" if "programme_url" in request.fixturenames else "database_url"
    url = request.getfixturevalue(name)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One FCM sandbox for the whole session; use `fcm`, which empties it."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def fcm(running_sandbox: Sandbox) -> Sandbox:
    """The FCM sandbox, empty and without faults."""
    running_sandbox.faults([])
    running_sandbox.clear()
    return running_sandbox


def shift_clock(url: str, interval: str) -> None:
    """Move the ledger's clock by an interval such as '8 days', for every later reading of
    rekindle.clock().

    It replaces the function. Only the owner can do that; nothing in the product can.
    """
    if re.fullmatch(r"[-+0-9a-z: ]+", interval) is None:
        raise ValueError(interval)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "create or replace function rekindle.clock() returns timestamptz language sql volatile as "
            f"$$ select pg_catalog.clock_timestamp() + interval '{interval}' $$"
        )


def stop_clock(url: str, at: datetime) -> None:
    """Stop the ledger's clock, so that no lease ends and no instant of a schedule passes while a
    test looks at the one before."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "create or replace function rekindle.clock() returns timestamptz language sql volatile as "
            f"$$ select timestamptz '{at.isoformat()}' $$".encode()
        )


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.__dict__
        self.lines.append({"event": said["event"], "log_level": record.levelname.lower(), **said["fields"]})


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """Every event of Rekindle in this process, from debug on: its name, its level and its
    fields."""
    logger, kept = logging.getLogger("rekindle"), _Kept()
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    yield kept.lines
    logger.setLevel(level)
    logger.removeHandler(kept)


@pytest.fixture
def registry() -> Iterator[CollectorRegistry]:
    """A registry for which every metric is counted, from 0."""
    registry = CollectorRegistry()
    measures.publish(registry)
    yield registry
    measures.withdraw()


ROOT = Path(__file__).parent.parent
