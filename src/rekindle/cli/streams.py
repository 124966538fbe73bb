"""Standard output and standard error that never fail: what cannot be written is dropped.

A run has sent its pushes before it prints its report. A full disk, a closed descriptor, a reader
that has ended or an encoding without the letter must not change what the run did, nor its exit code
(docs/decisions/0017-output-never-fails.md).
"""

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from rekindle.errors import OutputIncomplete


class Sink(io.RawIOBase):
    """A descriptor that accepts every write. `failed` is the number of the first error."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failed: int | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # another program has made this pipe or terminal non-blocking
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.failed = self.failed or error.errno
                break
        return memoryview(data).nbytes


class Streams:
    """Takes the place of `sys.stdout` and `sys.stderr` for the rest of the process."""

    def __init__(self) -> None:
        # A closed descriptor would be the number of the next file or connection that is opened, and
        # what is printed would be written into it.
        while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(opened)
        self._out, self._err = Sink(1), Sink(2)
        sys.stdout = lossy(self._out, sys.stdout, errors="replace", by_line=self._out.isatty())
        sys.stderr = lossy(self._err, sys.stderr, errors="backslashreplace", by_line=True)

    def finish(self) -> None:
        """Write what is buffered. Says on standard error if standard output is incomplete. A reader
        that ended early, as `head` does, wanted no more."""
        sys.stdout.flush()
        if self._out.failed not in (None, errno.EPIPE):
            incomplete = OutputIncomplete(
                f"standard output could not be written completely: {os.strerror(self._out.failed or 0)}",
                hint="What the command did is not affected. Make room, or write to another place.",
            )
            sys.stderr.write(f"warning: {incomplete}\n")
        sys.stderr.flush()


def lossy(sink: Sink, like: TextIO | None, *, errors: str, by_line: bool) -> TextIO:
    """A text stream over the descriptor, with the encoding of `like`, which never fails.

    `like` is None if the descriptor was closed when the process started.
    """
    encoding = "utf-8" if like is None else like.encoding
    return io.TextIOWrapper(io.BufferedWriter(sink), encoding=encoding, errors=errors, line_buffering=by_line)
