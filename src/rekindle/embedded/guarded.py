"""A command that ends with this process, however this process ends."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from rekindle.embedded.account import Account

_WATCHDOG = Path(__file__).with_name("watchdog.py")

# The command's environment can be read by everything else that runs under its account, so it gets
# what it needs to start and nothing that could be a secret. Messages in English, because we look
# for some of them in the log.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
_FIXED = {"LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


class Guarded:
    """The command runs, under the watchdog, in a session of its own that a Ctrl-C in the terminal
    does not reach.

    Threads may share it. When this process ends in any way, kill -9 included, the command is ended
    at once and `scratch` is removed.

    Args:
        command: its absolute path and its arguments, which every user of the machine can read.
        log: its standard output and error go there.
        account: whom it runs as; None keeps the present account.
        scratch: a folder to remove when this process ends before the command.
        shared: a file descriptor that the command keeps open under the same number.
    """

    def __init__(
        self, command: Sequence[str], *, log: BinaryIO, account: Account | None, scratch: Path | None, shared: int
    ) -> None:
        uid, gid = (account.uid, account.gid) if account else (-1, -1)
        orders = [str(os.getpid()), str(uid), str(gid), str(scratch or ""), *command]
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WATCHDOG), *orders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _FIXED,
            start_new_session=True,
            pass_fds=(shared,),
            bufsize=0,
        )
        assert self._watchdog.stdout is not None  # noqa: S101 - it is a pipe, see above
        with self._watchdog.stdout as answer:
            self.pid = int(answer.readline() or 0)

    @property
    def exit_code(self) -> int | None:
        """None while the command runs."""
        return self._watchdog.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The command's exit code, 128 + n for signal n.

        Raises:
            subprocess.TimeoutExpired: it still runs after `timeout` seconds.
        """
        return self._watchdog.wait(timeout)

    def end(self, *, at_once: bool, within: float = 20.0) -> None:
        """The command has ended: orderly, or after `within` seconds and with `at_once` without
        any order."""
        assert self._watchdog.stdin is not None  # noqa: S101 - it is a pipe, see above
        with self._watchdog.stdin as orders:
            for word in (b"I",) if at_once else (b"F", b"I"):
                try:
                    orders.write(word)
                    self._watchdog.wait(within)
                except BrokenPipeError:
                    break
                except subprocess.TimeoutExpired:
                    continue
                return
        # Ending its orders ends the command by force; without a watchdog the kernel does.
        try:
            self._watchdog.wait(within)
        except subprocess.TimeoutExpired:
            self._watchdog.kill()
            self._watchdog.wait()
