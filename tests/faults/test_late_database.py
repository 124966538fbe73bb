"""A process that should outlast its database is started before it, as after a reboot of both."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.command import Command, ended, environment
from conftest import SERVERS, SETTINGS
from faults.fleet import EACH_MINUTE
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from team.team import fill_team, write_config
from team.waiting import WAIT_SECONDS

COMMANDS = {
    "worker": ("worker",),
    "serve": ("serve", "--unix-socket", "api.sock"),
    "serve with a worker": ("serve", "--with-worker", "--unix-socket", "api.sock"),
}


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A separate server that the test may stop."""
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as one:
        yield one


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_it_waits_for_the_database_and_then_works(
    postgres: EmbeddedPostgres, fcm: Sandbox, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    fill_team(postgres.url)
    write_config(tmp_path, EACH_MINUTE)
    postgres.crash()
    process = Command(tmp_path, environment(postgres.url, fcm)).start(*arguments)
    try:
        wait_for_line(process, "stderr", b'"database.awaited"')
        postgres.start()
        wait_for_line(process, "stdout", b" through log")
    finally:
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert done.code == 0, done


def test_one_that_waits_ends_by_a_signal(postgres: EmbeddedPostgres, fcm: Sandbox, tmp_path: Path) -> None:
    write_config(tmp_path, EACH_MINUTE)
    postgres.crash()
    process = Command(tmp_path, environment(postgres.url, fcm)).start("worker")
    try:
        wait_for_line(process, "stderr", b'"database.awaited"')
    finally:
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: RK201: ")


def wait_for_line(process: "subprocess.Popen[str]", name: str, words: bytes) -> None:
    """Read from an output of the process until it has these words."""
    output = getattr(process, name)
    deadline, said = time.monotonic() + WAIT_SECONDS, b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while words not in said:
            assert selector.select(max(0.0, deadline - time.monotonic())), said
            chunk = os.read(output.fileno(), 4096)
            assert chunk, said
            said += chunk
