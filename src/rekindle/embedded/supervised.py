"""A supervised command: it ends when this process ends, in whatever way."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from rekindle.embedded.account import Account

_WATCHDOG = Path(__file__).with_name("watchdog.py")

# Other processes of the command's account can read its environment, so it gets only the variables
# that it needs to start, and none that could be a secret. Messages are in English, because we
# search the log for some of them.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
_FIXED = {"LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


class Supervised:
    """A running command, supervised by the watchdog. It has its own session, which a Ctrl-C in the
    terminal does not reach.

    Threads may share it. When this process ends in any way, including kill -9, the watchdog ends
    the command at once and removes `scratch`.

    Args:
        command: its absolute path and its arguments. Every user of the machine can read them.
        log: the file for its standard output and error.
        account: the account that it runs as; None keeps the present one.
        scratch: a folder to remove if this process ends before the command.
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
        """The command's exit code; None while it runs."""
        return self._watchdog.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The command's exit code, 128 + n for signal n.

        Raises:
            subprocess.TimeoutExpired: it still runs after `timeout` seconds.
        """
        return self._watchdog.wait(timeout)

    def end(self, *, at_once: bool, within: float = 20.0) -> None:
        """End the command: by a clean shutdown, and by force if that takes more than `within`
        seconds. With `at_once`, by force."""
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
        # Closing the watchdog's input makes it end the command by force. If the watchdog is gone,
        # the kernel does.
        try:
            self._watchdog.wait(within)
        except subprocess.TimeoutExpired:
            self._watchdog.kill()
            self._watchdog.wait()
