"""Begins Python programs by fork, from a process that has imported the product already.

Such a program is a real process with its own streams, variables and folder, and it ends by any
signal. But it needs a tenth of the processor's time: most of what a short command costs is imports.
A program whose start reads more than that (PYTHONPATH, LANG) is to be begun in the usual way.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

IMPORTED = (
    "rekindle.api.app",
    "rekindle.api.server",
    "rekindle.app.engine",
    "rekindle.cli.commands",
    "rekindle.cli.invoke",
    "rekindle.cli.streams",
    "rekindle.dispatchers.fcm.dispatcher",
    "rekindle.telemetry",
)
_LONGEST = 200_000  # bytes of one order
_NUMBER = struct.Struct("i")


class PreparedPopen(subprocess.Popen[Any]):
    """`subprocess.Popen` for `python -m MODULE ARGUMENTS`; `cwd` and `env` must be given."""

    _status = -1

    def _execute_child(self, args: Any, *more: Any) -> None:
        _, _, _, _, folder, environment, _, _, _, *pipes = more
        ends = [pipes[0], pipes[3], pipes[5]]  # the child's standard input, output and error
        self._status, status = os.pipe()
        order = {"module": args[2], "arguments": args[3:], "folder": str(folder), "environment": dict(environment)}
        given = [number if end == -1 else end for number, end in enumerate(ends)]
        socket.send_fds(_orders(), [json.dumps(order).encode()], [*given, status])
        os.close(status)
        (self.pid,) = _NUMBER.unpack(os.read(self._status, _NUMBER.size))
        self._child_created = True
        self._close_pipe_fds(*pipes[:6])

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if wait_flags and not select.select([self._status], [], [], 0)[0]:
            return 0, 0
        (status,) = _NUMBER.unpack(os.read(self._status, _NUMBER.size))
        os.close(self._status)
        self._status = -1
        return self.pid, status

    def _internal_poll(self, _deadstate: Any = None, **_: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                if self.returncode is None:
                    pid, status = self._try_wait(os.WNOHANG)
                    if pid:
                        self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


@cache
def _orders() -> socket.socket:
    """The way to the prepared process of this one; started at the first call."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "team.prepared", str(theirs.fileno())]
    tests = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=os.environ | tests)
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def main() -> None:
    """Begin what the orders say, until nobody can give any more."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    for name in IMPORTED:
        importlib.import_module(name)
    sys.path.remove(str(Path(__file__).parent.parent))
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("an import has started a thread, so this process cannot be forked")
    gc.collect()
    gc.freeze()
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        order, descriptors, _, _ = socket.recv_fds(orders, _LONGEST, 4)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            begun = _begin(descriptors)
            if begun:
                break
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
    _become(json.loads(order))


def _begin(descriptors: list[int]) -> bool:
    """True in the new process. The process between it and the prepared one reports its id and its
    end."""
    *streams, status = descriptors
    child = os.fork()
    if child == 0:
        os.close(status)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        for stream in streams:
            if stream > 2:
                os.close(stream)
        return True
    for stream in streams:
        os.close(stream)
    os.write(status, _NUMBER.pack(child))
    _, ended = os.waitpid(child, 0)
    with suppress(BrokenPipeError):  # nobody waits for it
        os.write(status, _NUMBER.pack(ended))
    return False


def _become(order: dict[str, Any]) -> None:
    os.chdir(order["folder"])
    sys.path[0] = order["folder"]
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [order["module"], *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
