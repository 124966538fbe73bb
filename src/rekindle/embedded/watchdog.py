"""A program that `supervised.py` runs. It starts one command, and ends it when the calling process
has ended.

    python -I -S watchdog.py PARENT UID GID SCRATCH COMMAND…

It imports the standard library only, has one thread, and writes the command's process id to
standard output. From standard input it reads single bytes: F asks the command to end (SIGINT, a
Postgres "fast" stop), I ends it at once (SIGQUIT, "immediate"). The end of standard input, or of
PARENT, acts like I, and SCRATCH is removed too. UID and GID are the account of the command; -1
keeps the present one.

Why a separate program? PR_SET_PDEATHSIG depends on the *thread* that forked, so a server started
from a thread pool would end with that thread. And after a fork, a process with threads may do
little more than exec. This program has one thread, and it lives exactly as long as the command
may.
"""

import ctypes
import os
import resource
import select
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
ENDS_WITHIN = 8.0  # seconds; Postgres kills its own children 5 s after an immediate stop
PARENT_PERIOD = 500  # milliseconds between two checks of the parent, where there is no pidfd


def main(arguments: list[str]) -> int:
    """Run the command until it ends. Returns its exit code (128 + n for signal n)."""
    parent, uid, gid = (int(argument) for argument in arguments[:3])
    scratch, command = arguments[3], arguments[4:]
    # Ctrl-C and the end of a session are for the calling process, which stops the server itself.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake)
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    child = os.fork()
    if child == 0:
        _become(command, uid, gid, libc, os.getppid())
    with suppress(BrokenPipeError):
        os.write(1, f"{child}\n".encode())
    os.close(1)
    code, orphaned = _watch(child, parent, woken)
    if orphaned and scratch:
        _remove(Path(scratch))
    return code if code >= 0 else 128 - code


def _become(command: list[str], uid: int, gid: int, libc: ctypes.CDLL | None, watchdog: int) -> NoReturn:
    """Turn this process into the command, with its account and its own session."""
    try:
        signal.set_wakeup_fd(-1)
        # An ignored signal stays ignored after exec; Python itself ignores SIGPIPE and SIGXFSZ.
        ignored = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)
        for number in ignored:
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.umask(0o077)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file contains every row that was in memory
        if uid >= 0:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        if libc is not None:  # after setuid, which clears it
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
        if os.getppid() != watchdog:  # it ended before the line above
            os._exit(1)
        os.execv(command[0], command)  # noqa: S606 - no shell is used
    except OSError as error:
        what = f"cannot become uid {uid} or run {command[0]}: {error.strerror}\n"
        os.write(2, what.encode())
    finally:
        os._exit(127)


def _watch(child: int, parent: int, woken: int) -> tuple[int, bool]:
    """Wait for the child. Returns its exit code, and whether the parent ended first."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(woken, select.POLLIN)
    parent_fd, period = _pidfd(parent), PARENT_PERIOD
    if parent_fd >= 0:
        poll.register(parent_fd, select.POLLIN)
    orphaned, kill_at = False, 0.0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), orphaned
        if kill_at and time.monotonic() > kill_at:
            _signal(child, signal.SIGKILL)
        ready = [fd for fd, _ in poll.poll(period if kill_at or parent_fd < 0 else None)]
        if woken in ready:
            with suppress(BlockingIOError):
                os.read(woken, 512)
        word = os.read(0, 1) if 0 in ready else None
        if word == b"":
            poll.unregister(0)
        if parent_fd in ready:
            poll.unregister(parent_fd)
        if not orphaned:
            orphaned = word == b"" or parent_fd in ready or os.getppid() != parent
        if word == b"F":
            os.kill(child, signal.SIGINT)
        elif (orphaned or word == b"I") and not kill_at:
            kill_at = time.monotonic() + ENDS_WITHIN
            _signal(child, signal.SIGQUIT)


def _pidfd(parent: int) -> int:
    if sys.platform == "linux":
        with suppress(OSError):  # an old kernel, a container that forbids it, or the parent has already ended
            return os.pidfd_open(parent)
    return -1


def _signal(child: int, number: signal.Signals) -> None:
    """Signal the child and its group: initdb has a shell and a server below it. Postgres stops its
    own children.

    The child is not reaped before `_watch` returns, so no other process can have its id.
    """
    try:
        os.killpg(child, number)
    except OSError:  # it has not created its session yet
        os.kill(child, number)


def _remove(folder: Path) -> None:
    for _ in range(20):  # a backend that lost its postmaster may write a last file
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
